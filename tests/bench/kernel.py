#!/usr/bin/env python3
"""The image server beside the kernel's SquashFS: imports, find, reads (torch is in optimize.py).

    kernel.py --sif PROGRAM --images DIR --tools DIR [--kernel DIR] [--rounds N] [--tsv FILE]

The kernel's file system can be mounted by root alone: run.sh, started as root,
runs kernel_mount.sh and passes its folder as --kernel. The measured programs run
as the ordinary user all the same. Ours are a default `sif exec` that starts a
server, whose CPU counts, and its mount; the kernel's are the floor program on a
loop mount made before and taken away afterwards, neither of which counts, nor
does what the loop device's thread uses.
"""
import argparse
import os
import sys
import tempfile

from figures import Report, interleave, pick, ratio
from fs import make_image
from launch import HOME, default_binds
from ranks import FLOOR, SCIPY, Bench, at_once

KERNEL, OURS = "the kernel's SquashFS", "sif exec, fresh server"
READ_ALL = "find /usr -type f -exec cat {} + >/dev/null"


class Kernel:
    """The mounts that kernel_mount.sh makes for us."""

    def __init__(self, folder, floor, scratch):
        self.mount_point, self.floor = f"{folder}/mnt", floor
        self.ask = open(f"{folder}/ask", "w", encoding="utf-8", buffering=1)
        self.answer = open(f"{folder}/answer", encoding="utf-8")
        self.binds = default_binds(scratch)

    def please(self, words):
        print(words, file=self.ask)
        if self.answer.readline() != "ok\n":
            sys.exit(f"kernel_mount.sh cannot: {words}")

    def launch(self, argv):
        """The floor program with those of the default binds for which the image has a place."""
        words = [w for s, t in self.binds if os.path.isdir(s) == os.path.isdir(self.mount_point + t)
                 and os.path.exists(self.mount_point + t) for w in ("-B", f"{s}:{t}")]
        return [self.floor, *words, self.mount_point, *argv]

    def run(self, image, argv, offset=0):
        def run():
            self.please(f"mount {offset} {image}")
            figure = at_once(self.launch(argv), 1)
            self.please("umount")
            if figure["failed"]:
                sys.exit(f"kernel.py: failed on the kernel's mount: {' '.join(argv)}")
            return figure
        return run


ROWS = [  # title, image, command, column, bar, rounds
    ("import numpy, scipy.stats", "scipy", SCIPY, "cpu", 0.95, 30),
    ("find + stat, 36,000 files", "scipy", ["/usr/bin/find", "/usr", "-printf", "%s"], "cpu", 0.8, 30),
    ("all files read", "scipy", ["/bin/sh", "-c", READ_ALL], "cpu", 1.0, 10),
    ("20,000 random reads of 4 KiB, 56 MiB file", "fs", ["/srv/fs_read", "random", "20000", "/srv/medium"],
     "cpu", 2.0, 30),
]


def bench(args, report, kernel, b):
    for title, image, argv, column, bar, rounds in ROWS:
        path = f"{args.images}/{image}"
        served = f"{path}.sif" if os.path.exists(f"{path}.sif") else f"{path}.sqfs"
        runs = [(OURS, b.shared([args.sif, "exec", served, *argv], fresh=True))]
        if kernel:
            runs.append((KERNEL, kernel.run(f"{path}.sqfs", argv)))
        if image == "scipy":
            runs.append((FLOOR, b.plain(b.scipy.run(FLOOR, *argv))))
        figures = interleave(runs, args.rounds or rounds, 1)
        for key in ("cpu", "wall"):
            report.table(f"{title}: {key.upper() if key == 'cpu' else key}", pick(figures, key), "ms",
                         base=KERNEL if kernel else None, digits=0)
        if kernel:
            report.bar(f"{title}: {column} over the kernel's SquashFS", ratio(pick(figures, column), OURS, KERNEL), bar)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--sif", required=True)
    parser.add_argument("--images", required=True)
    parser.add_argument("--tools", required=True)
    parser.add_argument("--kernel")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--tsv")
    args = parser.parse_args()
    report = Report(args.tsv)
    report.machine()
    make_image(args.images, args.tools)
    os.chdir(HOME)
    with tempfile.TemporaryDirectory(dir="/tmp") as scratch:
        kernel = Kernel(args.kernel, f"{args.tools}/bench/floor", scratch) if args.kernel else None
        if not kernel:
            report.missing(KERNEL, "only root can mount it: start the benchmarks as root")
        b = Bench(args, Report(), scratch)
        bench(args, report, kernel, b)
        b.servers.stop()


if __name__ == "__main__":
    main()
