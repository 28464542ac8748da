#!/usr/bin/env python3
"""sif optimize: imports from an image as it was built and as it was optimized.

    optimize.py --sif PROGRAM --images DIR --tools DIR [--kernel DIR] [--rounds N] [--tsv FILE]

DIR has numpy.sif (prepare.sh) and perhaps torch.sif, any image whose python3 has
torch (./quickstart makes one). Each is optimized for one import and measured with
that import and with another command, from the start of `sif`, with a server and
page cache of its own each time. "Slow" is the same with the image on storage
where each request of 128 KiB takes 2 ms (tests/lib/slow_storage), mounted for
the run, so that nothing of it is cached. Where run.sh was started by root, the
kernel's SquashFS (kernel.py) is measured, too, on the image as it was built.
"""
import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile

from figures import Report, interleave, ratio
from kernel import Kernel
from launch import spaced

TRAINED = {"numpy": "import numpy", "torch": "import torch"}
OTHER = {"numpy": "import json, sqlite3, numpy.random", "torch": "import torch.nn, torch.utils.data, numpy"}
SLOW_MS = 2


def partition_offset(sif, image):
    done = subprocess.run([sif, "object", "list", "--json", image], check=True, stdout=subprocess.PIPE)
    return next(o["offset"] for o in json.loads(done.stdout)["objects"] if o["type"] == "partition")


def runs_of(args, scratch, name, code, slow):
    """(name, function) of the image as built and as optimized, slow or not."""
    storage = [f"{args.tools}/lib/slow_storage", "-d", str(SLOW_MS), scratch, f"{scratch}.mnt"] if slow else []
    folder = f"{scratch}.mnt" if slow else scratch
    def run(image):
        return spaced(storage + [args.sif, "exec", "--no-share", f"{folder}/{image}", "python3", "-c", code], 0.1)
    return [("as built", run(f"{name}.sif")), ("optimized", run(f"{name}.fast.sif"))]


def measure(args, report, scratch, name):
    print(f"\n## {name}: optimized for `{TRAINED[name]}`")
    shutil.copy(f"{args.images}/{name}.sif", f"{scratch}/{name}.sif")
    subprocess.run([args.sif, "optimize", f"{scratch}/{name}.sif", f"{scratch}/{name}.fast.sif", "--",
                    "python3", "-c", TRAINED[name]], check=True)
    for code in (TRAINED[name], OTHER[name]):
        runs = runs_of(args, scratch, name, code, False)
        if args.mounts:
            on_kernel = args.mounts.run(f"{scratch}/{name}.sif", ["/usr/bin/python3", "-c", code],
                                        partition_offset(args.sif, f"{scratch}/{name}.sif"))
            runs.append(("kernel", lambda: on_kernel()["wall"]))
        figures = interleave(runs, args.rounds, warmup=1)
        report.table(f"{name}: `{code}`, fresh server", figures, "ms", base="as built", digits=0)
        if "kernel" in figures and code == "import torch":
            report.bar("import torch, as built, to the kernel's SquashFS", ratio(figures, "as built", "kernel"), 1.0)
            report.bar("import torch, optimized, to the kernel's SquashFS", ratio(figures, "optimized", "kernel"), 0.75)
        figures = interleave(runs_of(args, scratch, name, code, True), args.slow_rounds, warmup=1)
        report.table(f"{name}: `{code}`, slow storage", figures, "ms", base="as built", digits=0)
        if code == TRAINED[name]:
            report.bar(f"{code}, slow storage, optimized to as built", ratio(figures, "optimized", "as built"), 0.5)


def main():
    words = argparse.ArgumentParser()
    for word in ("sif", "images", "tools"):
        words.add_argument(f"--{word}", required=True)
    words.add_argument("--rounds", type=int, default=30)
    words.add_argument("--slow-rounds", type=int, help="15, or the rounds when those are fewer")
    words.add_argument("--kernel")
    words.add_argument("--tsv")
    args = words.parse_args()
    args.slow_rounds = args.slow_rounds or min(15, args.rounds)
    report = Report(args.tsv)
    report.machine()
    work = tempfile.mkdtemp(prefix="sif-bench.", dir="/var/tmp")
    try:
        scratch = f"{work}/images"
        os.makedirs(scratch)
        os.makedirs(f"{scratch}.mnt")
        args.mounts = Kernel(args.kernel, f"{args.tools}/bench/floor", work) if args.kernel else None
        if not args.mounts:
            report.missing("the kernel's SquashFS", "only root can mount it: start the benchmarks as root")
        for name in TRAINED:
            if os.path.exists(f"{args.images}/{name}.sif"):
                measure(args, report, scratch, name)
            else:
                report.missing(name, f"there is no {args.images}/{name}.sif")
    finally:
        shutil.rmtree(work)
    return 0


if __name__ == "__main__":
    sys.exit(main())
