#!/usr/bin/env python3
"""Random trees, packed by mksquashfs in all ways, optimized for random reads: the
new image is the same tree to our reader and to unsquashfs, and what was read stands
in front. Prints "ok NAME" or "not ok NAME". Everything follows from the seed."""
import argparse
import json
import os
import random
import shutil
import struct
import subprocess
import sys

from squash_tree import BLOCKS, Tree


def run(*words):
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    if done.returncode:
        raise RuntimeError(f"{words[:4]}: exit code {done.returncode}\n{done.stderr.decode(errors='replace')}")
    return done.stdout


def objects(sif, image):
    return json.loads(run(sif, "object", "list", "--json", image))["objects"]


def dump(sif, image, wanted, out):
    number = next(o["id"] for o in objects(sif, image) if wanted(o))
    with open(out, "wb") as f:
        f.write(run(sif, "object", "dump", str(number), image))


def tree_of(program, path):
    """What our reader shows, without the order of attributes and the sizes of
    directories, which depend on the places of inodes."""
    rows = [row.split(b" ") for row in run(program, path).splitlines()]
    rows = [row[:-1] + sorted(row[-1].split(b",")) for row in rows]
    return [row[:5] + row[6:] if row[1] == b"d" else row for row in rows]


def listing(path):
    """What unsquashfs shows, without the order of the inodes and the sizes of
    directories."""
    rows = [row.split() for row in run("unsquashfs", "-lln", path).split(b"\n")]
    return sorted(row[:2] + row[3:] if row[:1] and row[0].startswith(b"d") else row for row in rows)


def one(args, rng, work, compressor):
    block = rng.choice(BLOCKS)
    tree = Tree(rng, f"{work}/tree", block, (b"some value",))
    tree.make()
    os.makedirs(f"{work}/tree/bin")
    shutil.copy(shutil.which("busybox"), f"{work}/tree/bin/busybox")
    more = [w for w in ("-no-fragments", "-always-use-fragments", "-no-duplicates", "-no-exports", "-noI", "-noF", "-noD",
                        "-noX") if rng.random() < 0.2]
    run("mksquashfs", f"{work}/tree", f"{work}/in.sqfs", "-quiet", "-no-progress", "-noappend", "-all-root", "-comp",
        compressor, "-b", str(block), *more)
    run(args.sif, "-q", "build", f"{work}/in.sif", f"{work}/in.sqfs")
    read = rng.sample(tree.files, rng.randrange(1, len(tree.files)))
    run(args.sif, "-q", "optimize", f"{work}/in.sif", f"{work}/out.sif", "--", "/bin/busybox", "cat",
        *[os.fsencode("/") + os.path.relpath(p, tree.top) for p in read])
    dump(args.sif, f"{work}/out.sif", lambda o: o["type"] == "partition", f"{work}/out.sqfs")
    dump(args.sif, f"{work}/out.sif", lambda o: o["name"] == "sif.hot", f"{work}/list")
    before, after = tree_of(args.dump, f"{work}/in.sqfs"), tree_of(args.dump, f"{work}/out.sqfs")
    if before != after:
        return f"our reader shows another tree: {[p for p in zip(before, after) if p[0] != p[1]][:1]}"
    if listing(f"{work}/in.sqfs") != listing(f"{work}/out.sqfs"):
        return "unsquashfs lists another tree"
    with open(f"{work}/list", "rb") as f:
        head = f.read(40)
    count, used, start, size = (struct.unpack_from("<I", head, 12)[0], *struct.unpack_from("<QQQ", head, 16))
    if not 0 < count or not 96 <= start <= start + size <= used <= os.path.getsize(f"{work}/out.sqfs"):
        return f"the list has {count} blocks from {start}, {size} bytes of {used}"
    return None


def main():
    words = argparse.ArgumentParser()
    for word in ("dump", "sif", "work"):
        words.add_argument(f"--{word}", required=True)
    words.add_argument("--seed", type=int, default=1)
    words.add_argument("--rounds", type=int, default=1)
    args = words.parse_args()
    failed = 0
    for n in range(args.rounds):
        for compressor in ("gzip", "xz", "zstd", "lz4"):
            name = f"{compressor} seed {args.seed * 1000 + n}"
            work = f"{args.work}/work"
            os.makedirs(work)
            try:
                wrong = one(args, random.Random(name), work, compressor)
            except RuntimeError as e:
                wrong = str(e)
            print(f"{'not ok' if wrong else 'ok'} {name}{': ' + wrong if wrong else ''}")
            failed += wrong is not None
            run("chmod", "-R", "u+rwx", work)
            shutil.rmtree(os.fsencode(work))
    sys.exit(failed != 0)


if __name__ == "__main__":
    main()
