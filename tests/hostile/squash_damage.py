#!/usr/bin/env python3
"""Damaged SquashFS images: each must be read as far as it is sound, or refused
with a reason, in little time and memory, by a program that walks and reads all.

One defect each where the right answer is known; every truncation and thousands
of changed bytes where only "no crash, no hang, no bloat" is; and the images that
crashed squashfuse (../shared), where they are. Prints "ok" and "not ok" lines.
"""
import argparse
import os
import random
import struct
import subprocess
import sys
import tarfile
import time

SECONDS = 10
MEGABYTES = 600  # also with a sanitizer
RAW = ["-noI", "-noD", "-noF", "-noX", "-b", "4096"]


def pack(src, image, *options):
    subprocess.run(["mksquashfs", src, image, "-noappend", "-quiet", "-no-progress", "-all-root", "-mkfs-time", "0",
                    "-processors", "1", *options], check=True, stdout=subprocess.DEVNULL)
    with open(image, "rb") as f:
        return bytearray(f.read())


def watch(words):
    """Exit code, what it said, seconds, megabytes."""
    start = time.monotonic()
    with open("said", "wb") as said:
        child = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=said)
        while True:
            pid, status, usage = os.wait4(child.pid, os.WNOHANG)
            if pid:
                break
            if time.monotonic() - start > SECONDS:
                child.kill()
            time.sleep(0.002)
    child.returncode = os.waitstatus_to_exitcode(status)
    with open("said", errors="replace") as said:
        return child.returncode, said.read(), time.monotonic() - start, usage.ru_maxrss / 1024


class Hostile:
    def __init__(self, args):
        self.args = args
        self.bad = 0

    def verdict(self, name, fault):
        print(("not ok %s\n    %s" % (name, fault)) if fault else "ok " + name)
        self.bad += bool(fault)

    def judge(self, words, wanted):
        code, said, seconds, megabytes = watch(words)
        if code not in (0, 1, 3) or "Sanitizer" in said or "runtime error" in said:
            return "exit code %d: %s" % (code, said[-300:])
        if seconds > SECONDS or megabytes > MEGABYTES:
            return "took %.1f s and %.0f MiB" % (seconds, megabytes)
        if wanted is None:
            return None
        if wanted == "":
            return None if code == 0 else "should be read, was refused: " + said
        if code == 0:
            return "should be refused with '%s', was read" % wanted
        return None if wanted in said else "should say '%s', says '%s'" % (wanted, said.strip())

    def one(self, name, image, wanted, words=None):
        with open("image", "wb") as f:
            f.write(image)
        self.verdict(name, self.judge(words or [self.args.dump, "image"], wanted))

    def many(self, name, images):
        """All in one process: tests/fuzz/fuzz_squash replays a folder."""
        os.makedirs("many", exist_ok=True)
        count = 0
        for count, image in enumerate(images, 1):
            with open("many/%06d" % count, "wb") as f:
                f.write(image)
        code, said, _, _ = watch([self.args.fuzz, "many"])
        for each in os.listdir("many"):
            os.unlink("many/" + each)
        self.verdict("%s (%d images)" % (name, count), "exit code %d: %s" % (code, said[-300:]) if code else None)


def changed(image, offset, form, value):
    image = bytearray(image)
    struct.pack_into("<" + form, image, offset, value)
    return image


def field(image, offset, form="Q"):
    return struct.unpack_from("<" + form, image, offset)[0]


def renamed(image, old, new):
    """In the directory table only."""
    image = bytearray(image)
    at = image.index(old, field(image, 72))
    image[at:at + len(old)] = new
    return image


def entry_of(image, name):
    """Where the directory entry of a name stands."""
    return image.index(name, field(image, 72)) - 8


def make_trees():
    os.makedirs("tree/aa/bb")
    for name, text in (("tree/f1", "first"), ("tree/f2", "x" * 10000), ("tree/aa/f3", "third"),
                       ("tree/aa/bb/f4", "fourth")):
        with open(name, "w") as f:
            f.write(text)
    os.symlink("/tmp", "tree/ln")
    os.setxattr("tree/f1", "user.a", b"value")
    os.makedirs("two/ab")
    os.symlink("../outside", "two/aa")
    with open("two/ab/file", "w") as f:
        f.write("no")


def superblocks(h, raw):
    beyond = len(raw) * 2
    for name, offset, form, value, wanted in (
            ("magic", 0, "I", 0x12345678, "not a SquashFS"), ("big endian", 0, "I", 0x68737173, "big-endian"),
            ("block size 3", 12, "I", 3, "block size"), ("block log 40", 22, "H", 40, "block size"),
            ("lzma", 20, "H", 2, "'lzma' compression is not supported"), ("compressor 99", 20, "H", 99, "compressor 99"),
            ("version 3", 28, "H", 3, "SquashFS 3.0"), ("no ids", 26, "H", 0, "id table"),
            ("all ids", 26, "H", 65535, "id table"), ("root inode", 32, "Q", 1 << 40, "root inode"),
            ("root offset", 32, "Q", 0xFFFF, "root inode"), ("size zero", 40, "Q", 0, "size 0"),
            ("size beyond", 40, "Q", beyond, "truncated"), ("size negative", 40, "Q", 1 << 63, "out of range"),
            ("id table beyond", 48, "Q", beyond, "id table"), ("xattr table beyond", 56, "Q", beyond, "xattr table"),
            ("inode table beyond", 64, "Q", beyond, "inode or directory table"),
            ("directory table beyond", 72, "Q", beyond, "inode or directory table"),
            ("fragment table beyond", 80, "Q", beyond, "fragment table"),
            ("fragments without end", 16, "I", 0xFFFFFFFF, "fragment table"), ("inodes: a lie", 4, "I", 0xFFFFFFFF, ""),
            ("inodes: none", 4, "I", 0, ""), ("export table beyond", 88, "Q", beyond, "")):
        h.one("superblock: " + name, changed(raw, offset, form, value), wanted)


def directories(h, raw, two):
    for name, old, new in (("..", b"aa", b".."), ("/ inside", b"f1", b"f/"), ("NUL inside", b"f1", b"f\0")):
        h.one("name " + name, renamed(raw, old, new), "impossible name")
    # aa's listing leads to aa itself, and to the root
    at, aa = entry_of(raw, b"bb"), entry_of(raw, b"aa")
    h.one("a directory in itself", changed(raw, at, "H", field(raw, aa, "H")), "has another name already")
    h.one("the root in a directory", changed(raw, at, "H", field(raw, 32) & 0xFFFF), "has another name already")
    h.one("an entry's type", changed(raw, at + 4, "H", 9), "unknown type")
    h.one("a name too long", changed(raw, at + 6, "H", 300), "name of 301 bytes")
    h.one("an inode that is none", changed(raw, at, "H", field(raw, at, "H") + 1), "inode")
    twice = renamed(two, b"ab", b"aa")
    os.makedirs("outside", exist_ok=True)
    h.one("one name twice is seen", twice, "")
    h.one("one name twice is not copied", twice, "stands twice", [h.args.sif, "cp", "-r", "image:/", "copy"])
    h.verdict("nothing is written through a link", "outside has files" if os.listdir("outside") else None)


def tables(h, raw):
    inode = raw.index(struct.pack("<I", 10000), field(raw, 64))  # f2's size
    h.one("a file without end", changed(raw, inode, "I", 0xFFFFFFFF), "file size")
    xattr = field(raw, 56)
    h.one("xattr ids without end", changed(raw, xattr + 8, "I", 0xFFFFFFFF), "xattr table")
    h.one("xattr pairs beyond", changed(raw, xattr, "Q", 1 << 62), "xattr table")
    ids = field(raw, 48)
    h.one("ids in a block that is none", changed(raw, ids, "Q", len(raw)), "id table")
    h.one("ids in the superblock", changed(raw, ids, "Q", 0), "id table")
    fragment = field(field_block(raw, 80), 0)
    h.one("a fragment beyond", changed(raw, fragment + 2, "Q", 1 << 50), "beyond its end")
    h.one("a fragment of 16 MiB", changed(raw, fragment + 10, "I", 0x1FFFFFF), "impossible bounds")
    h.one("metadata of 32 KiB", changed(raw, field(raw, 64), "H", 0xFFFF), "impossible size")
    h.one("metadata of nothing", changed(raw, field(raw, 64), "H", 0x8000), "impossible size")


def field_block(image, offset):
    """The index of a table, as bytes."""
    return image[field(image, offset):]


def masses(h, images, rng):
    for name, image in images.items():
        h.many("%s: cut off" % name, (image[:n] for n in sorted({rng.randrange(len(image)) for _ in range(300)})))
        meta = field(image, 64)

        def flipped():
            for _ in range(h.args.flips):
                broken = bytearray(image)
                for _ in range(rng.choice((1, 1, 2, 5))):
                    at = rng.randrange(96) if rng.random() < 0.1 else rng.randrange(meta, len(image))
                    broken[at] = rng.choice((broken[at] ^ 1 << rng.randrange(8), 0, 0xFF, rng.randrange(256)))
                yield broken
        h.many("%s: changed bytes" % name, flipped())


def crashers(h):
    archive = os.path.join(h.args.shared or "/nonexistent", "adversarial/squashfs/squashfs_crashers.tar.xz")
    if not os.path.exists(archive):
        print("# the images that crashed squashfuse are not here")
        return
    with tarfile.open(archive) as tar:
        for member in tar:
            if member.isfile():
                h.one("crasher " + os.path.basename(member.name), tar.extractfile(member).read(), None,
                      [h.args.dump, "-k", "image"])


def main():
    parser = argparse.ArgumentParser()
    for each in ("dump", "fuzz", "sif", "work"):
        parser.add_argument("--" + each, required=True)
    parser.add_argument("--shared")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--flips", type=int, default=1000)
    args = parser.parse_args()
    os.chdir(args.work)
    make_trees()
    raw = pack("tree", "raw", *RAW)
    two = pack("two", "raw2", *RAW)
    h = Hostile(args)
    h.one("the sound image", raw, "")
    superblocks(h, raw)
    directories(h, raw, two)
    tables(h, raw)
    images = {"raw": raw}
    for comp in ("gzip", "xz", "lz4", "zstd"):
        images[comp] = pack("tree", "packed", "-comp", comp, "-b", "4096")
    masses(h, images, random.Random(args.seed))
    crashers(h)
    sys.exit(h.bad != 0)


if __name__ == "__main__":
    main()
