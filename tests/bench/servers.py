"""Shared image servers seen from outside: which there are, what they used.

A server is no child of the launches that it serves, so no rusage of theirs has
its CPU time. `sif mounts --json` names its process; the kernel's CPU clock of
that process (clock_getcpuclockid(3)) counts all of its threads, ended ones too,
in nanoseconds. (A measuring program that is a subreaper inherits the servers, so
that they do not stay as zombies.) A server that was started by a measured run is counted from zero,
one that was there before by the difference. What it does after the last rank
ended (it waits, and goes) is not counted.
"""
import ctypes
import json
import os
import subprocess
import sys
import time

PR_SET_CHILD_SUBREAPER = 36


def cpu_of(pid):
    """CPU seconds of a process since it began; 0 when it has ended."""
    try:
        return time.clock_gettime((~pid << 3) | 2)
    except OSError:
        return 0.0


def ended(pid):
    try:
        if os.waitpid(pid, os.WNOHANG)[0] == pid:
            return True
    except ChildProcessError:
        pass
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
            return stat.read().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


class Servers:
    """The servers of one user for the images below a folder."""

    def __init__(self, sif, env, images):
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        self.sif, self.env, self.images = sif, env, os.path.realpath(images)

    def listed(self, *words):
        done = subprocess.run([self.sif, "mounts", "--json", *words], env=self.env, check=True,
                              stdout=subprocess.PIPE)
        return [s for s in json.loads(done.stdout) if s["answers"] and s["image"].startswith(self.images)]

    def pids(self):
        return [s["pid"] for s in self.listed()]

    def stop(self):
        """End all idle servers, and wait until they are gone."""
        end = time.monotonic() + 20
        pids = [s["pid"] for s in self.listed("--stop")]
        while not all([ended(pid) for pid in pids]):
            if time.monotonic() > end:
                sys.exit("a server does not end")
            time.sleep(0.001)
