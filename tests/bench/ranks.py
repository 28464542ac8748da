#!/usr/bin/env python3
"""Many ranks on one image server: launches, imports and memory, beside the peers.

    ranks.py --sif PROGRAM --images DIR --tools DIR [--rounds N] [--case CASE] [--tsv FILE]

CASE is one of launch, mounts, many, import, storm, resident; all when none is
named. DIR is made by prepare.sh (numpy and scipy). Run as an ordinary user.
CPU time is that of the ranks (wait4) and of their server (servers.py). "Warm"
is a server that has answered the same command before; "fresh" one that the
measured run starts, its image file being in the page cache. Ranks have one
thread each (OPENBLAS_NUM_THREADS=1), as they have in a job.
"""
import argparse
import os
import re
import signal
import subprocess
import sys
import tempfile
import time

from figures import Report, difference, interleave, pick, ratio
from launch import ENV, HOME, REDIRECT, Peers
from servers import Servers, cpu_of

ENV.update(OPENBLAS_NUM_THREADS="1", PYTHONDONTWRITEBYTECODE="1")
DIRECTORY, FLOOR, BWRAP = "sif, directory", "floor, directory", "bwrap, directory"
SIF, CH_RUN = "sif, SIF image", "ch-run, the same SquashFS"
WARM, FRESH = "sif, warm server", "sif, fresh server"
NUMPY = ["/usr/bin/python3", "-c", "import numpy"]
SCIPY = ["/usr/bin/python3", "-c", "import numpy, scipy.stats"]
COUNTS = [1, 2, 4, 8, 16, 32, 64, 128]
MIB = 1 << 20


def at_once(argv, count):
    """`count` runs together: wall ms, CPU ms of the runs, how many failed."""
    began, used, failed = time.perf_counter(), 0.0, 0
    pids = [os.posix_spawn(argv[0], argv, ENV, file_actions=REDIRECT) for _ in range(count)]
    for pid in pids:
        _, status, usage = os.wait4(pid, 0)
        failed += status != 0
        used += usage.ru_utime + usage.ru_stime
    return {"wall": (time.perf_counter() - began) * 1e3, "cpu": used * 1e3, "failed": failed, "servers": 0}


class Bench:
    def __init__(self, args, report, scratch):
        self.args, self.report = args, report
        self.servers = Servers(args.sif, ENV, args.images)
        self.numpy = Peers(args, scratch, report)
        self.scipy = Peers(args, scratch, Report(), "scipy")

    def plain(self, argv, count=1):
        """A run that has no server of ours. One that does not count goes before, as for a warm server."""
        def run():
            at_once(argv, 1)
            figure = at_once(argv, count)
            if figure["failed"]:
                sys.exit(f"ranks.py: {figure['failed']} of {count} failed: {' '.join(argv)}")
            return figure
        return run

    def shared(self, argv, count=1, fresh=False):
        """The same with a server, whose CPU counts."""
        def run():
            if fresh:
                self.servers.stop()
            elif not self.servers.pids():
                at_once(argv, 1)
            there = [] if fresh else self.servers.pids()
            if not fresh:
                at_once(argv, 1)
            before = sum(map(cpu_of, there))
            figure = at_once(argv, count)
            now = self.servers.pids()
            if not now:
                sys.exit(f"ranks.py: no server is listed after {' '.join(argv)}")
            figure["cpu"] += (sum(map(cpu_of, now)) - before) * 1e3
            figure["servers"] = len(now)
            return figure
        return run

    def rounds(self, most):
        """Long rows: fewer rounds, unless they were asked for."""
        return self.args.rounds if self.args.rounds else most

    def wall(self, title, runs, rounds, base, digits=2):
        figures = pick(interleave(runs, rounds), "wall")
        self.report.table(title, figures, "ms", base=base, digits=digits)
        return figures


def bench_launch(b):
    """One launch: with the server there, and with one that it starts."""
    peers, true = b.numpy, ["/bin/true"]
    runs = [(name, b.plain(peers.run(name, *true))) for name in (FLOOR, DIRECTORY, BWRAP) if name in peers.ways]
    runs.append((WARM, b.shared(peers.run(SIF, *true))))
    runs.append(("plain /bin/true", b.plain(true)))
    figures = b.wall("/bin/true, server there", runs, b.rounds(100), FLOOR)
    b.report.bar("warm launch over the floor", ratio(figures, WARM, FLOOR), 1.3)
    if BWRAP in figures:
        b.report.bar("warm launch over bwrap on a directory", ratio(figures, WARM, BWRAP), 1.0)
    runs = [(FRESH, b.shared(peers.run(SIF, *true), fresh=True))]
    if CH_RUN in peers.ways:
        runs.append((CH_RUN, b.plain(peers.run(CH_RUN, *true))))
    figures = b.wall("/bin/true, first launch", runs, b.rounds(60), runs[-1][0])
    if CH_RUN in figures:
        b.report.bar("first launch over ch-run on the same SquashFS", ratio(figures, FRESH, CH_RUN), 0.6)


def bench_mounts(b):
    """Like launch, where the host has 500 mounts more: in a namespace of our own."""
    if b.args.inside:
        peers, true = b.numpy, ["/bin/true"]
        runs = [(name, b.plain(peers.run(name, *true))) for name in (FLOOR, BWRAP) if name in peers.ways]
        runs.append((WARM, b.shared(peers.run(SIF, *true))))
        figures = b.wall("/bin/true, server there, 500 host mounts", runs, b.rounds(60), FLOOR)
        b.report.bar("warm launch over the floor, 500 host mounts", ratio(figures, WARM, FLOOR), 1.3)
        b.servers.stop()
        return
    script = ('mount -t tmpfs none /mnt && mkdir /mnt/point && i=0 && while [ $i -lt 500 ]; do '
              'mkdir /mnt/$i && mount --bind /mnt/point /mnt/$i || exit 1; i=$((i + 1)); done; exec setpriv --ambient-caps=-all --inh-caps=-all "$@"')
    sys.stdout.flush()
    again = [sys.executable, *sys.argv, "--case", "mounts", "--inside"]
    subprocess.run(["unshare", "--user", "--map-current-user", "--keep-caps", "--mount", "sh", "-c", script, "sh",
                    *again], check=True)


def bench_many(b):
    """Launches of /bin/true at once: 32, up to 256, and the CPU of each further one."""
    true = ["/bin/true"]
    names = [n for n in (FLOOR, BWRAP, CH_RUN) if n in b.numpy.ways]

    def runs(count, with_fresh=True):
        able = [(n, b.plain(b.numpy.run(n, *true), count)) for n in names if n != CH_RUN or count <= 128]
        able.append(("plain /bin/true", b.plain(true, count)))
        able.append((WARM, b.shared(b.numpy.run(SIF, *true), count)))
        if with_fresh:
            able.append((FRESH, b.shared(b.numpy.run(SIF, *true), count, fresh=True)))
        return able

    figures = b.wall("32 launches of /bin/true at once", runs(32), b.rounds(30), FLOOR, 1)
    for name in (WARM, FRESH):
        if BWRAP in figures:
            b.report.bar(f"32 launches at once over bwrap on a directory: {name}", ratio(figures, name, BWRAP), 1.0)
    whole = {}
    for count in COUNTS:
        figures = interleave(runs(count), b.rounds(30 if count in (1, 128) else 10), 1)
        whole[count] = figures
        walls = pick(figures, "wall")
        b.report.table(f"{count} launches of /bin/true at once", walls, "ms", base=FLOOR, digits=1)
        for name, values in walls.items():
            b.report.point("ranks", name, count, values)
    setup = {}
    for name in ("plain /bin/true", FLOOR, BWRAP, CH_RUN, WARM):
        if name in whole[1]:
            last, first = pick(whole[COUNTS[-1]], "cpu")[name], pick(whole[1], "cpu")[name]
            setup[name] = [(z - a) / (COUNTS[-1] - 1) for a, z in zip(first, last)]
    b.report.table(f"CPU of each further launch of /bin/true, 1 to {COUNTS[-1]}, server included", setup, "ms",
                   base=FLOOR)
    b.report.bar("CPU of each further rank, program left out", difference(setup, WARM, "plain /bin/true"), 1.5, " ms")
    bench_256(b, true)


def bench_256(b, true):
    figures = interleave([(f"{n} at once, {way}", b.shared(b.numpy.run(SIF, *true), n, way == "fresh server"))
                          for n in (64, 128, 256) for way in ("fresh server", "warm server")], b.rounds(10), 1)
    walls = pick(figures, "wall")
    b.report.table("Up to 256 launches of /bin/true at once", walls, "ms", digits=0,
                   note=f"Failed launches: {sum(map(sum, pick(figures, 'failed').values()))}. "
                        f"Servers after each storm, at most: {max(map(max, pick(figures, 'servers').values()))}.")
    name = "256 at once, fresh server"
    b.report.bar("256 launches at once, fresh server", difference({**walls, "0": [0] * len(walls[name])}, name, "0"),
                 5000, " ms")
    halves = {"256": walls[name], "2 x 128": [2 * v for v in walls["128 at once, fresh server"]]}
    b.report.bar("256 launches at once over twice 128 (linear: 1)", ratio(halves, "256", "2 x 128"), 1.1)
    b.report.bar("failed launches", worst(figures, "failed"), 0)
    b.report.bar("servers", worst(figures, "servers"), 1)


def worst(figures, key):
    """A count has no interval: its largest value, in the place of all three."""
    return (max(map(max, pick(figures, key).values())),) * 3


def bench_import(b):
    """Imports by one rank on a warm server, and by 16 at once: total CPU."""
    runs = [(FLOOR, b.plain(b.numpy.run(FLOOR, *NUMPY))), (WARM, b.shared(b.numpy.run(SIF, *NUMPY)))]
    figures = b.wall("import numpy", runs, b.rounds(40), FLOOR, 1)
    b.report.bar("import numpy, warm server, over the directory", ratio(figures, WARM, FLOOR), 1.08)
    runs = [(FLOOR, b.plain(b.scipy.run(FLOOR, *SCIPY), 16)), (WARM, b.shared(b.scipy.run(SIF, *SCIPY), 16)),
            (FRESH, b.shared(b.scipy.run(SIF, *SCIPY), 16, fresh=True))]
    if b.args.own:
        runs.append(("sif, a server each", b.plain([*b.scipy.run(SIF)[:2], "--no-share", *b.scipy.run(SIF, *SCIPY)[2:]], 16)))
    figures = pick(interleave(runs, b.rounds(8), 1), "cpu")
    b.report.table("16 x import numpy, scipy.stats: CPU of all, server included", figures, "ms", base=FLOOR, digits=0)
    b.report.bar("16 x import scipy.stats, CPU over the directory, warm", ratio(figures, WARM, FLOOR), 1.15)
    b.report.bar("16 x import scipy.stats, CPU over the directory, fresh", ratio(figures, FRESH, FLOOR), 1.35)


def bench_storm(b):
    runs = [(FLOOR, b.plain(b.numpy.run(FLOOR, *NUMPY), 32)),
            (FRESH, b.shared(b.numpy.run(SIF, *NUMPY), 32, fresh=True))]
    figures = interleave(runs, b.rounds(30), 1)
    walls = pick(figures, "wall")
    b.report.table("32 x import numpy to the end", walls, "ms", base=FLOOR, digits=0)
    b.report.bar("32 x import numpy over the directory, fresh server", ratio(walls, FRESH, FLOOR), 1.1)
    b.report.bar(f"failed ranks in {len(walls[FRESH])} rounds", worst(figures, "failed"), 0)


def number_in(path, pattern):
    with open(path, encoding="utf-8") as text:
        return sum(int(n) for n in re.findall(pattern, text.read(), re.MULTILINE))


def cached():
    """Bytes in the page cache, without memory file systems."""
    return 1024 * (number_in("/proc/meminfo", r"^Cached: +(\d+)") - number_in("/proc/meminfo", r"^Shmem: +(\d+)"))


def resident(b, argv, count, shared):
    """count ranks that have imported numpy and stay: memory while all are there."""
    def run():
        b.servers.stop()
        before, ready = cached(), os.pipe2(os.O_CLOEXEC)
        code = "import numpy, os, signal; os.write(1, b'.'); signal.pause()"
        null = os.open("/dev/null", os.O_RDWR | os.O_CLOEXEC)
        actions = [(os.POSIX_SPAWN_DUP2, null, 0), (os.POSIX_SPAWN_DUP2, ready[1], 1)]
        words = [*argv, NUMPY[0], "-c", code]
        pids = [os.posix_spawn(words[0], words, ENV, file_actions=actions) for _ in range(count)]
        os.close(ready[1])
        seen = 0
        while seen < count:
            got = len(os.read(ready[0], count))
            if not got:
                sys.exit("ranks.py: a resident rank failed")
            seen += got
        servers = b.servers.pids() if shared else []
        # The server does not let its user look: what it has resident is at least its PSS.
        pss = sum(number_in(f"/proc/{pid}/smaps_rollup", r"^Pss: +(\d+)") for pid in pids)
        pss += sum(number_in(f"/proc/{pid}/status", r"^VmRSS:\s+(\d+)") for pid in servers)
        figure = {"processes": count + len(servers), "pss": pss * 1024 / MIB, "cache": (cached() - before) / MIB}
        for pid in pids:
            os.kill(pid, signal.SIGTERM)
            os.waitpid(pid, 0)
        os.close(ready[0])
        os.close(null)
        return figure
    return run


def bench_resident(b):
    runs = [(f"{way}, {n}", resident(b, b.numpy.run(name), n, name == SIF))
            for way, name in ((FLOOR, FLOOR), ("sif", SIF)) for n in (1, 32)]
    figures = interleave(runs, b.rounds(10), 1)
    for key, title in (("processes", "processes"), ("pss", "PSS"), ("cache", "growth of the page cache")):
        b.report.table(f"Resident ranks after import numpy: {title}", pick(figures, key),
                       "MiB" if key != "processes" else "", digits=0 if key == "processes" else 1)
    floor, ours = f"{FLOOR}, 32", "sif, 32"
    b.report.bar("processes of 32 ranks", worst({ours: figures[ours]}, "processes"), 33)
    b.report.bar("PSS of 32 ranks, server included, more than the directory's",
                 difference(pick(figures, "pss"), ours, floor), 64, " MiB")
    b.report.bar("page cache of 32 ranks over one rank's", ratio(pick(figures, "cache"), ours, "sif, 1"), 1.1)


CASES = {"launch": bench_launch, "mounts": bench_mounts, "many": bench_many, "import": bench_import,
         "storm": bench_storm, "resident": bench_resident}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--sif", required=True)
    parser.add_argument("--images", required=True)
    parser.add_argument("--tools", required=True)
    parser.add_argument("--rounds", type=int, help="for every row; without it long rows have fewer")
    parser.add_argument("--case", choices=CASES)
    parser.add_argument("--own", action="store_true", help="16 imports with a server each, too")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--tsv")
    args = parser.parse_args()
    report = Report(args.tsv)
    os.chdir(HOME)
    if not args.inside:
        report.machine()
        report.missing("Apptainer", "Debian has no package of it")
    for image in ("numpy", "scipy"):
        with open(f"{args.images}/{image}.sif", "rb") as data:
            while data.read(MIB):
                pass
    with tempfile.TemporaryDirectory(dir="/tmp") as scratch:
        b = Bench(args, report, scratch)
        for name, function in CASES.items():
            if args.case in (None, name):
                began = time.monotonic()
                function(b)
                print(f"ranks.py: {name}: {time.monotonic() - began:.0f} s", file=sys.stderr)
        b.servers.stop()


if __name__ == "__main__":
    main()
