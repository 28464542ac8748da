"""How a figure counts: interleaved rounds, medians, bootstrap intervals.

A benchmark is a list of (name, function) where the function does one run and
returns a number, or a dict of numbers. Rounds go through all of them, each in a
new order, so that whatever else the machine does hits all alike. A ratio is the
median of the rounds' ratios (each round is a pair), with the bootstrap's 95 %
interval; a bar is met when the whole interval lies under it, and undecided when
it lies across.
"""
import os
import random
import statistics
import sys

RESAMPLES = 2000


def interval(values, rng):
    """The bootstrap's 95 % interval of the median."""
    n = len(values)
    medians = sorted(statistics.median(rng.choices(values, k=n)) for _ in range(RESAMPLES))
    return medians[int(RESAMPLES * 0.025)], medians[int(RESAMPLES * 0.975)]


def interleave(runs, rounds, warmup=2):
    """Runs each of the (name, function) `rounds` times; {name: [figures]}."""
    rng = random.Random(1)
    result = {name: [] for name, _ in runs}
    for number in range(-warmup, rounds):
        order = list(runs)
        rng.shuffle(order)
        for name, function in order:
            figure = function()
            if number >= 0:
                result[name].append(figure)
        if sys.stderr.isatty():
            print(f"\rround {max(number + 1, 0)} of {rounds}", end="", file=sys.stderr)
    if sys.stderr.isatty():
        print("\r" + " " * 30 + "\r", end="", file=sys.stderr)
    return result


def pick(figures, key):
    """One column out of figures that are dicts."""
    return {name: [f[key] for f in values] for name, values in figures.items()}


def ratio(figures, name, base):
    """(median, low, high) of name over base, round by round."""
    pairs = [a / b for a, b in zip(figures[name], figures[base])]
    return (statistics.median(pairs), *interval(pairs, random.Random(2)))


def difference(figures, name, base):
    pairs = [a - b for a, b in zip(figures[name], figures[base])]
    return (statistics.median(pairs), *interval(pairs, random.Random(2)))


def verdict(value, bar):
    """met, missed or undecided for (median, low, high) that should be <= bar."""
    _, low, high = value
    if high <= bar:
        return "met"
    return "missed" if low > bar else "undecided"


class Report:
    """A table for people on stdout, in Markdown, and TSV for programs."""

    def __init__(self, tsv=None):
        self.tsv = open(tsv, "a", encoding="utf-8") if tsv else None

    def row(self, *fields):
        if self.tsv:
            print(*fields, sep="\t", file=self.tsv, flush=True)

    def table(self, title, figures, unit, base=None, note=None, digits=2):
        """Median and interval of each name, and its ratio to `base`."""
        rng = random.Random(3)
        rounds = len(next(iter(figures.values())))
        print(f"\n### {title}\n\nMedian of {rounds} interleaved rounds, {unit}; in brackets the 95 % interval.\n")
        head = ["what", unit, "interval"] + ([f"ratio to {base}"] if base else [])
        print("| " + " | ".join(head) + " |\n|" + "---|" * len(head))
        for name, values in figures.items():
            median, (low, high) = statistics.median(values), interval(values, rng)
            cells = [name, f"{median:.{digits}f}", f"[{low:.{digits}f}, {high:.{digits}f}]"]
            fields = [title, name, unit, rounds, f"{median:.6g}", f"{low:.6g}", f"{high:.6g}"]
            if base:
                r = ratio(figures, name, base)
                cells.append("1" if name == base else f"{r[0]:.2f} [{r[1]:.2f}, {r[2]:.2f}]")
                fields += [base, f"{r[0]:.4g}", f"{r[1]:.4g}", f"{r[2]:.4g}"]
            print("| " + " | ".join(cells) + " |")
            self.row(*fields)
        if note:
            print(f"\n{note}")

    def bar(self, text, value, bar, unit=""):
        """States one figure against its bar; returns the verdict."""
        says = verdict(value, bar)
        print(f"\nBar: {text}: {value[0]:.3g}{unit} [{value[1]:.3g}, {value[2]:.3g}], "
              f"at most {bar}{unit}: **{says}**")
        self.row("bar", text, bar, f"{value[0]:.4g}", f"{value[1]:.4g}", f"{value[2]:.4g}", says)
        return says

    def point(self, curve, name, x, values):
        """A point of a curve, for plots: TSV alone."""
        low, high = interval(values, random.Random(4))
        self.row("point", curve, name, x, f"{statistics.median(values):.6g}", f"{low:.6g}", f"{high:.6g}")

    def machine(self):
        """Where the figures are from."""
        with open("/proc/cpuinfo", encoding="utf-8") as info:
            model = next((line.split(":", 1)[1].strip() for line in info if line.startswith("model name")), "?")
        system = os.uname()
        print(f"Machine: {os.cpu_count()} processors ({model}), {system.sysname} {system.release} {system.machine}, "
              f"load {os.getloadavg()[0]:.2f}")
        self.row("machine", os.cpu_count(), model, system.release, f"{os.getloadavg()[0]:.2f}")

    @staticmethod
    def missing(peer, why):
        print(f"\nNot measured: {peer}: {why}")
