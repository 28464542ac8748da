#!/usr/bin/env python3
"""Launch: /bin/true through ours and the peers, the program's own start, imports.

    launch.py --sif PROGRAM --images DIR [--rounds N] [--tsv FILE] [--tools DIR]

DIR is made by prepare.sh: numpy.sif, numpy.sqfs (the same SquashFS), numpy.dir
(the same tree). TOOLS has the floor and empty programs. Run as an ordinary user.
"""
import argparse
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import time

from figures import Report, difference, interleave
from servers import Servers

HOME = pwd.getpwuid(os.getuid()).pw_dir
NULL = os.open("/dev/null", os.O_RDWR)
# A run's output goes nowhere; a failure is shown by running it again with output.
REDIRECT = [(os.POSIX_SPAWN_DUP2, NULL, 0), (os.POSIX_SPAWN_DUP2, NULL, 1), (os.POSIX_SPAWN_DUP2, NULL, 2)]
ENV = {"HOME": HOME, "PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "LANG": "C.UTF-8",
       "USER": pwd.getpwuid(os.getuid()).pw_name}


def spawn_ms(argv):
    """Wall time in ms from spawn to the command's end."""
    began = time.perf_counter_ns()
    pid = os.posix_spawn(argv[0], argv, ENV, file_actions=REDIRECT)
    _, status = os.waitpid(pid, 0)
    took = (time.perf_counter_ns() - began) / 1e6
    if status:
        subprocess.run(argv, env=ENV, check=False)
        sys.exit(f"launch.py: failed: {' '.join(argv)}")
    return took


def spaced(argv, pause=0.02):
    """A run, then a moment in which its server may end on its own time."""
    def run():
        took = spawn_ms(argv)
        time.sleep(pause)
        return took
    return run


def default_binds(scratch):
    """(source, target) of what a default `sif exec` brings in."""
    etc = os.path.join(scratch, "etc")
    os.makedirs(etc, exist_ok=True)
    me = pwd.getpwuid(os.getuid())
    with open(f"{etc}/passwd", "w", encoding="utf-8") as out:
        out.write(f"root:x:0:0:root:/root:/bin/sh\n{me.pw_name}:x:{me.pw_uid}:{me.pw_gid}::{HOME}:/bin/sh\n")
    with open(f"{etc}/group", "w", encoding="utf-8") as out:
        out.write(f"root:x:0:\nusers:x:{me.pw_gid}:\n")
    binds = [(p, p) for p in ("/proc", "/sys", "/dev", "/tmp", "/var/tmp", HOME, "/etc/resolv.conf",
                              "/etc/hosts", "/etc/localtime") if os.path.exists(p)]
    return binds + [(f"{etc}/passwd", "/etc/passwd"), (f"{etc}/group", "/etc/group")]


def make_mount_points(root, binds):
    for source, target in binds:
        path = root + target
        if os.path.isdir(source):
            os.makedirs(path, exist_ok=True)
        elif not os.path.isfile(path) or os.path.islink(path):
            if os.path.lexists(path):
                os.unlink(path)
            open(path, "w", encoding="utf-8").close()


class Peers:
    """Command lines that run argv in an image of prepare.sh, by name."""

    def __init__(self, args, scratch, report, image="numpy"):
        images = args.images
        root = f"{images}/{image}.dir"
        binds = default_binds(scratch)
        make_mount_points(root, binds)
        words = [w for s, t in binds for w in ("-B", f"{s}:{t}")]
        self.ways = {
            "sif, SIF image": [args.sif, "exec", f"{images}/{image}.sif"],
            "sif, own server": [args.sif, "exec", "--no-share", f"{images}/{image}.sif"],
            "sif, directory": [args.sif, "exec", root],
            "floor, directory": [f"{args.tools}/bench/floor", *words, root],
        }
        bwrap = shutil.which("bwrap")
        if bwrap:
            words = [w for s, t in binds for w in ("--dev-bind" if t == "/dev" else "--bind", s, t)]
            self.ways["bwrap, directory"] = [bwrap, "--unshare-user", "--ro-bind", root, "/", *words, "--"]
        else:
            report.missing("bwrap", "the package bubblewrap is not installed")
        ch_run = shutil.which("ch-run")
        if not ch_run:
            report.missing("ch-run", "the package charliecloud is not installed")
        elif subprocess.run([ch_run, "-b", "/tmp:/tmp", f"{images}/{image}.sqfs", "--", "/bin/true"],
                            env=ENV, stderr=subprocess.DEVNULL, check=False).returncode:
            report.missing("ch-run", "this build of it cannot run a SquashFS file")
        else:
            self.ways["ch-run, the same SquashFS"] = [ch_run, f"{images}/{image}.sqfs", "--"]
        if shutil.which("squashfuse_ll") and shutil.which("fusermount3"):
            script = ('m=$0/$$; mkdir "$m" && squashfuse_ll "$1" "$m" && "$2" -B /proc:/proc -B /sys:/sys -B /dev:/dev '
                      '-B /tmp:/tmp "$m" "${@:3}"; e=$?; fusermount3 -u "$m"; rmdir "$m"; exit $e')
            self.ways["floor on squashfuse_ll, a mount each"] = ["/bin/bash", "-c", script, scratch,
                                                                 f"{images}/{image}.sqfs", f"{args.tools}/bench/floor"]
        else:
            report.missing("squashfuse_ll", "the packages squashfuse and fuse3 are not installed")

    def run(self, name, *argv):
        return [*self.ways[name], *argv]


def bench_start(args, report):
    empty = f"{args.tools}/bench/empty"
    figures = interleave([("empty C program", spaced([empty], 0)),
                          ("sif --version", spaced([args.sif, "--version"], 0))],
                         rounds=max(200, args.rounds))
    report.table("Start of the program", figures, "ms", base="empty C program", digits=3)
    report.bar("sif --version over an empty C program",
               difference(figures, "sif --version", "empty C program"), 0.3, " ms")


def bench_true(args, report, peers):
    runs = [(name, spaced(peers.run(name, "/bin/true"))) for name in peers.ways if name != "sif, SIF image"]
    runs.insert(0, ("plain /bin/true", spaced(["/bin/true"])))
    figures = interleave(runs, args.rounds)
    report.table("Launch of /bin/true, nothing shared, image in the page cache", figures, "ms",
                 base="floor, directory")


def storm(argv, count):
    def run():
        began = time.perf_counter_ns()
        pids = [os.posix_spawn(argv[0], argv, ENV, file_actions=REDIRECT) for _ in range(count)]
        failed = sum(os.waitpid(pid, 0)[1] != 0 for pid in pids)
        took = (time.perf_counter_ns() - began) / 1e6
        if failed:
            sys.exit(f"launch.py: {failed} of {count} failed: {' '.join(argv)}")
        time.sleep(0.1)
        return took
    return run


def forget(path):
    """Drops a file, or all files of a tree, from the page cache."""
    files = [f"{folder}/{name}" for folder, _, names in os.walk(path) for name in names] or [path]
    for name in files:
        if os.path.isfile(name) and not os.path.islink(name) and os.access(name, os.R_OK):
            fd = os.open(name, os.O_RDONLY)
            os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(fd)


def bench_storm(args, report, peers):
    base, shared = "floor, directory", "sif, SIF image"
    names = [n for n in peers.ways if n == base or n == shared or "directory" not in n]
    command = ["/usr/bin/python3", "-c", "import numpy"]
    figures = interleave([(n, spaced(peers.run(n, *command))) for n in names if n != shared], args.rounds)
    report.table("import numpy, a fresh mount each time", figures, "ms", base=base, digits=0)

    servers = Servers(args.sif, ENV, args.images)

    def fresh(name, cold):
        run = storm(peers.run(name, *command), args.ranks)

        def prepared():
            servers.stop()
            if cold:
                forget(f"{args.images}/numpy." + ("dir" if name == base else "sif" if name.startswith("sif") else "sqfs"))
            return run()
        return prepared

    for cold, state in ((False, "files in the page cache"), (True, "files not in the page cache")):
        figures = interleave([(n, fresh(n, cold)) for n in names], max(5, args.rounds // 6), 1)
        report.table(f"{args.ranks} times import numpy at once, no server yet, {state}", figures, "ms", base=base,
                     digits=0)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--sif", required=True)
    parser.add_argument("--images", required=True)
    parser.add_argument("--tools", required=True)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--ranks", type=int, default=16)
    parser.add_argument("--tsv")
    args = parser.parse_args()
    report = Report(args.tsv)
    report.machine()
    report.missing("Apptainer", "Debian has no package of it")
    os.chdir(HOME)
    with tempfile.TemporaryDirectory(dir="/tmp") as scratch:
        bench_start(args, report)
        peers = Peers(args, scratch, report)
        bench_true(args, report, peers)
        bench_storm(args, report, peers)


if __name__ == "__main__":
    main()
