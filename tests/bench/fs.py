#!/usr/bin/env python3
"""File system: CPU seconds of client and server on a fresh mount, beside squashfuse_ll.

    fs.py --sif PROGRAM --images DIR --tools DIR [--rounds N | --quick] [--tsv FILE]

DIR is made by prepare.sh (numpy.dir); fs.sqfs is made from it here, once: Debian
with numpy; below /srv the names and folders of the same tree until there are
30,000 files, and two large files; zstd 3, 128 KiB blocks.

Ways to use it: `sif exec` with everything that a default launch does; sif-fuse on
a bare mount (tests/lib/with_image); squashfuse_ll as the distribution has it,
mounted by fusermount3. What ours pays for namespaces, mount and start counts as
the client's; what mounting costs a peer is left out. This process is a subreaper,
so that each server's CPU time is what the kernel says at its end.
"""
import argparse
import ctypes
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time

from figures import Report, interleave, pick, ratio

PR_SET_CHILD_SUBREAPER = 36
FILES = 30000
NULL = os.open("/dev/null", os.O_RDWR)
ENV = {"HOME": os.path.expanduser("~"), "PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
       "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"}

# The paths are those inside of the image.
WORK = {
    "find + stat, over 30,000 files": ["/usr/bin/find", "/srv/many", "-printf", "%s"],
    "20,000 random reads of 4 KiB, 56 MiB file": ["/srv/fs_read", "random", "20000", "/srv/medium"],
    "20,000 random reads of 4 KiB, 256 MiB file": ["/srv/fs_read", "random", "20000", "/srv/large"],
    "56 MiB in order": ["/srv/fs_read", "seq", "/srv/medium"],
    "import numpy": ["/usr/bin/python3", "-c", "import numpy"],
}


def write_words(path, size, rng):
    """Text that packs to about a third, as programs and libraries do."""
    words = [bytes(rng.choices(b"abcdefghijklmnopqrstuvwxyz", k=rng.randint(3, 9))) for _ in range(5000)]
    with open(path, "wb") as out:
        while out.tell() < size:
            out.write(b" ".join(rng.choices(words, k=4000))[:size - out.tell()])


def copy_shape(tree, target):
    """Names and folders of a real tree, with the first bytes of each file, until there are FILES."""
    count = copy = 0
    while count < FILES:
        copy += 1
        for folder, _, names in os.walk(tree):
            to = f"{target}/{copy}{folder[len(tree):]}"
            os.makedirs(to, exist_ok=True)
            for name in names:
                count += 1
                if os.path.islink(f"{folder}/{name}"):
                    os.symlink(os.readlink(f"{folder}/{name}"), f"{to}/{name}")
                    continue
                with open(f"{folder}/{name}", "rb") as src, open(f"{to}/{name}", "wb") as out:
                    out.write(src.read(3000))


def make_image(images, tools):
    """fs.sqfs: the numpy tree and /srv."""
    image = f"{images}/fs.sqfs"
    if os.path.exists(image):
        return image
    rng = random.Random(1)
    with tempfile.TemporaryDirectory(dir=images) as scratch:
        srv = f"{scratch}/srv"
        copy_shape(f"{images}/numpy.dir", f"{srv}/many")
        write_words(f"{srv}/medium", 56 << 20, rng)
        write_words(f"{srv}/large", 256 << 20, rng)
        shutil.copy(f"{tools}/bench/fs_read", f"{srv}/fs_read")
        pack = ["-comp", "zstd", "-Xcompression-level", "3", "-all-root", "-quiet", "-no-progress"]
        subprocess.run(["mksquashfs", f"{images}/numpy.dir", f"{image}.part", *pack,
                        "-e", "srv"], check=True, stdout=NULL)
        subprocess.run(["mksquashfs", srv, f"{image}.part", "-keep-as-directory", *pack[4:]],
                       check=True, stdout=NULL)
    os.rename(f"{image}.part", image)
    return image


def spawn(argv, out=NULL):
    actions = [(os.POSIX_SPAWN_DUP2, NULL, 0), (os.POSIX_SPAWN_DUP2, out, 1)]
    return os.posix_spawnp(argv[0], argv, ENV, file_actions=actions)


def cpu(usage):
    return usage.ru_utime + usage.ru_stime


def client(argv):
    """(CPU, wall) seconds of a command and of all that it waited for."""
    began = time.perf_counter()
    pid = spawn(argv)
    _, status, usage = os.wait4(pid, 0)
    if status:
        sys.exit(f"fs.py: failed: {' '.join(argv)}")
    return cpu(usage), time.perf_counter() - began


def orphans():
    """CPU seconds of the servers, each of which ends by itself."""
    total, end = 0.0, time.monotonic() + 10
    while time.monotonic() < end:
        try:
            pid, _, usage = os.wait4(-1, os.WNOHANG)
        except ChildProcessError:
            return total
        if pid:
            total += cpu(usage)
        else:
            time.sleep(0.002)
    sys.exit("fs.py: a server did not end")


def figure(used, wall, server):
    return {"total": used + server, "client": used, "server": server, "wall": wall}


def ours(argv):
    def run():
        used, wall = client(argv)
        return figure(used, wall, orphans())
    return run


def on_bare_mount(mnt, argv):
    """Programs of the image run in a chroot, anything else on its files."""
    if argv[0].startswith("/usr/bin/python"):
        return ["unshare", "-r", "chroot", mnt, *argv]
    return [w if i == 0 and w.startswith("/usr") else mnt + w if w.startswith("/") else w
            for i, w in enumerate(argv)]


def peer(image, mnt, argv):
    def run():
        _, status, _ = os.wait4(spawn(["squashfuse_ll", image, mnt]), 0)
        if status:
            sys.exit("fs.py: squashfuse_ll cannot mount")
        used, wall = client(argv)
        subprocess.run(["fusermount3", "-u", mnt], check=True)
        return figure(used, wall, orphans())
    return run


def works(argv):
    return subprocess.run(argv, env=ENV, stdin=NULL, stdout=NULL, stderr=NULL, check=False).returncode == 0


def ways(args, image, scratch, report):
    """{name: function(argv) -> run}"""
    mnt = f"{scratch}/mnt"
    os.mkdir(mnt)
    result = {}
    if shutil.which("squashfuse_ll") and shutil.which("fusermount3"):
        result["squashfuse_ll"] = lambda argv: peer(image, mnt, on_bare_mount(mnt, argv))
    else:
        report.missing("squashfuse_ll", "the packages squashfuse and fuse3 are not installed")
    # Helpers are found beside the program.
    shutil.copy(f"{args.tools}/lib/with_image", scratch)
    helper = os.path.join(os.path.dirname(args.sif), "../libexec/sif/sif-fuse")
    shutil.copy(helper if os.path.exists(helper) else os.path.join(os.path.dirname(args.sif), "sif-fuse"), scratch)
    bare = [f"{scratch}/with_image", image, mnt]
    result["sif-fuse, bare mount"] = lambda argv: ours([*bare, *on_bare_mount(mnt, argv)])
    if works([args.sif, "exec", image, "/usr/bin/true"]):
        result["sif exec"] = lambda argv: ours([args.sif, "exec", image, *argv])
    else:
        report.missing("sif exec", "it does not run the image here")
    return result


BARS = {
    "find + stat, over 30,000 files": 1 / 3,
    "20,000 random reads of 4 KiB, 56 MiB file": 1 / 5,
    "import numpy": 0.8,
}


def bench(args, report, image, scratch):
    able = ways(args, image, scratch, report)
    for title, argv in WORK.items():
        # Only for orientation, and slow: it does not fit in the block cache.
        rounds = max(3, args.rounds // 6) if "256 MiB" in title else args.rounds
        figures = interleave([(name, make(argv)) for name, make in able.items()], rounds, 1)
        totals = pick(figures, "total")
        base = "squashfuse_ll" if "squashfuse_ll" in totals else None
        report.table(f"{title}: CPU of client and server", totals, "s", base=base, digits=3)
        for part in ("server", "wall"):
            report.table(f"{title}: {part}", pick(figures, part), "s", base=base, digits=3)
        for name in totals:
            if base and name != base and title in BARS:
                report.bar(f"{title}: CPU of {name} over {base}", ratio(totals, name, base), round(BARS[title], 3))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--sif", required=True)
    parser.add_argument("--images", required=True)
    parser.add_argument("--tools", required=True)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--quick", action="store_true", help="5 rounds")
    parser.add_argument("--tsv")
    args = parser.parse_args()
    if args.quick:
        args.rounds = 5
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    report = Report(args.tsv)
    image = make_image(args.images, args.tools)
    os.posix_fadvise(os.open(image, os.O_RDONLY | os.O_CLOEXEC), 0, 0, os.POSIX_FADV_WILLNEED)
    with tempfile.TemporaryDirectory(dir="/tmp") as scratch:
        bench(args, report, image, scratch)


if __name__ == "__main__":
    main()
