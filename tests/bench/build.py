"""What building an image costs: sif build, tar2sqfs, extract + mksquashfs.

From one tar (Debian with numpy, plain and gzip), zstd level 3, 128 KiB blocks,
as many threads for all; the file is on the disk (fsync) when the time stops.
Wall time and CPU time of each.
"""
import argparse
import gzip
import os
import resource
import shutil
import subprocess
import tempfile
import time

from figures import Report, interleave, pick, ratio

JOBS = len(os.sched_getaffinity(0))


def run(*words, stdin=None):
    with open(stdin or os.devnull, "rb") as source:
        subprocess.run(words, stdin=source, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)


def on_disk(path):
    fd = os.open(path, os.O_RDONLY)
    os.fsync(fd)
    os.close(fd)


def measured(function):
    """The seconds, CPU seconds and peak of what function starts; -1 = it failed."""
    def once():
        start = time.monotonic()
        pid = os.fork()
        if pid == 0:
            try:
                function()
                os._exit(0)
            except (OSError, subprocess.CalledProcessError):
                os._exit(1)
        _, status, _ = os.wait4(pid, 0)
        wall = time.monotonic() - start
        if status:
            raise RuntimeError(f"{function.__name__} failed")
        return wall
    def figures():
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        wall = once()
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return {"wall": wall, "cpu": cpu}
    return figures


class Builders:
    def __init__(self, sif, tar, scratch):
        self.sif, self.tar, self.dir = sif, tar, scratch

    def out(self, name):
        path = os.path.join(self.dir, name)
        if os.path.exists(path):
            os.unlink(path)
        return path

    def sif_build(self):
        run(self.sif, "build", "-q", "--jobs", str(JOBS), self.out("x.sif"), self.tar)

    def tar2sqfs(self):
        path = self.out("x.sqfs")
        run("tar2sqfs", "-f", "-q", "-c", "zstd", "-X", "level=3", "-j", str(JOBS), path, stdin=self.tar)
        on_disk(path)

    def extract(self):
        tree, path = os.path.join(self.dir, "tree"), self.out("y.sqfs")
        shutil.rmtree(tree, ignore_errors=True)
        os.mkdir(tree)
        run("tar", "-C", tree, "--no-same-owner", "--exclude=./dev/*", "-xf", self.tar)
        run("mksquashfs", tree, path, "-noappend", "-no-progress", "-quiet", "-comp", "zstd",
            "-Xcompression-level", "3", "-processors", str(JOBS), "-all-root")
        on_disk(path)


def bench(args, report, tar, title, peers):
    with tempfile.TemporaryDirectory(dir=args.images) as scratch:
        b = Builders(args.sif, tar, scratch)
        runs = [("sif build", measured(b.sif_build))]
        for peer, program, function in (("tar2sqfs", "tar2sqfs", b.tar2sqfs),
                                        ("extract + mksquashfs", "mksquashfs", b.extract)):
            if peer not in peers:
                continue
            if shutil.which(program):
                runs.append((peer, measured(function)))
            else:
                report.missing(peer, f"{program} is not installed")
        figures = interleave(runs, args.rounds, warmup=1)
        subprocess.run(["chmod", "-R", "u+rwX", scratch], check=False)
    wall = pick(figures, "wall")
    report.table(f"{title}, wall", wall, "s", base="sif build")
    report.table(f"{title}, CPU", pick(figures, "cpu"), "s", base="sif build")
    if "tar2sqfs" in wall:
        report.bar(f"{title}: sif build over tar2sqfs", ratio(wall, "sif build", "tar2sqfs"), 1.05)
    if "extract + mksquashfs" in wall:
        report.bar(f"{title}: sif build over extract + mksquashfs", ratio(wall, "sif build", "extract + mksquashfs"), 0.5)


def gzipped(tar):
    packed = tar + ".gz"
    if not os.path.exists(packed):
        with open(tar, "rb") as source, gzip.open(packed + ".part", "wb", compresslevel=6) as out:
            shutil.copyfileobj(source, out, 1 << 20)
        os.rename(packed + ".part", packed)
    return packed


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--sif", required=True)
    parser.add_argument("--images", required=True)
    parser.add_argument("--tools")
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--quick", action="store_true", help="five rounds")
    parser.add_argument("--case", choices=("tar", "tar.gz"), help="this source alone, beside tar2sqfs alone: seconds a round")
    parser.add_argument("--tsv")
    args = parser.parse_args()
    args.rounds = 5 if args.quick else args.rounds
    args.sif, args.images = os.path.abspath(args.sif), os.path.abspath(args.images)
    tar = os.path.join(args.images, "numpy.tar")
    report = Report(args.tsv)
    print(f"\n## Building an image ({os.path.getsize(tar) >> 20} MiB of tar, {JOBS} threads)")
    peers = ("tar2sqfs",) if args.case else ("tar2sqfs", "extract + mksquashfs")
    if args.case != "tar.gz":
        bench(args, report, tar, "from a tar", peers)
    if args.case != "tar":
        bench(args, report, gzipped(tar), "from a tar.gz", peers)


if __name__ == "__main__":
    main()
