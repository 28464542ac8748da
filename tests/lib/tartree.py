"""A tar that has everything an image must keep, and what an image must show.

tartree.py make TAR [pax|gnu|ustar]	write the tar
tartree.py random TAR SEED		a random one
tartree.py want TAR			one line an entry, from the tar:
	MODE UID/GID SIZE|MAJOR,MINOR DATE TIME PATH[ -> TARGET]
tartree.py have TAR < LISTING		the same lines from `unsquashfs -lln`
Both are sorted and leave out what sif itself adds to an image. Hard links show
what their target shows.
"""
import io
import os
import random
import re
import stat
import sys
import tarfile
import time

OURS = {"", "singularity", ".run", ".exec", ".test", ".shell", "environment", ".singularity.d",
        "dev", "proc", "root", "var", "var/tmp", "tmp", "etc", "sys", "home", "etc/hosts", "etc/resolv.conf"}


def entry(name, kind=tarfile.REGTYPE, mode=0o644, data=b"", **more):
    t = tarfile.TarInfo(name)
    t.type, t.mode, t.size, t.mtime = kind, mode, len(data), 1700000000
    for key, value in more.items():
        setattr(t, key, value)
    return t, data


def everything(fmt):
    d = tarfile.DIRTYPE
    yield entry("./", d, 0o751, uid=5, gid=6)
    yield entry("./bin", d, 0o755)
    yield entry("./bin/setuid", mode=0o4755, data=b"#!/bin/sh\n", uid=0, gid=0)
    yield entry("./bin/setgid", mode=0o2711, data=b"x", uid=1234, gid=43210)
    yield entry("./var", d, 0o755)
    yield entry("./var/sticky", d, 0o1777, uid=65534, gid=65534)
    yield entry("./data", d, 0o700, uid=1000, gid=1000)
    yield entry("./data/empty")
    yield entry("./data/small", data=b"small\n", mtime=1)
    yield entry("./data/block", data=os.urandom(131072))
    yield entry("./data/large", data=os.urandom(300000) + b"a" * 500000, mode=0o400)
    yield entry("./data/zeros", data=bytes(400000))
    yield entry("./data/hard", tarfile.LNKTYPE, linkname="./data/large")
    yield entry("./data/harder", tarfile.LNKTYPE, linkname="data/hard")
    yield entry("./data/link", tarfile.SYMTYPE, 0o777, linkname="../bin/setuid")
    yield entry("./data/dangling", tarfile.SYMTYPE, 0o777, linkname="/nowhere/at all")
    yield entry("./dev", d, 0o755)
    yield entry("./dev/null", tarfile.CHRTYPE, 0o666, devmajor=1, devminor=3)
    yield entry("./dev/sda1", tarfile.BLKTYPE, 0o660, devmajor=8, devminor=1, gid=6)
    yield entry("./dev/fifo", tarfile.FIFOTYPE, 0o622)
    yield entry("./dev/hard", tarfile.LNKTYPE, linkname="./dev/null")
    if fmt != "ustar":
        yield entry("./data/ids", uid=2147483648, gid=4294967294)
        yield entry("./data/" + "n" * 255, data=b"long name")
        yield entry("./" + "/".join(["deep" * 10] * 30), d, 0o755)
        yield entry("./data/far", tarfile.SYMTYPE, 0o777, linkname="t/" * 2000 + "t")
    yield entry("./data/caf\udce9\udcff", data=b"not UTF-8")
    yield entry("./data/\u00e9\u4e2d", data=b"UTF-8")
    yield entry("./data/new\nline", data=b"newline")
    yield entry("./data/twice", data=b"first, with other bytes", mode=0o777)
    yield entry("./data/kept", tarfile.LNKTYPE, linkname="./data/twice")
    yield entry("./data/twice", data=b"second", mode=0o640)
    yield entry("./data/was_dir", d, 0o755)
    yield entry("./data/was_dir/child", data=b"goes with it")
    yield entry("./data/was_dir", data=b"now a file")
    yield entry("./data/was_file", data=b"now a directory")
    yield entry("./data/was_file", d, 0o755)
    yield entry("./data/was_file/child", data=b"here")
    yield entry("./late/parent/child", data=b"before its parents")
    yield entry("./late/parent", d, 0o711, uid=7)
    yield entry("./late", d, 0o711, uid=8)


def random_name(rng):
    length = rng.choice([1, 2, 3, 8, 30, rng.randrange(1, 200)])
    letters = [c for c in range(1, 256) if chr(c) not in "/\n\r\\"] if rng.random() < .3 else b"abcABC.-_ 0"
    name = bytes(rng.choice(letters) for _ in range(length)).decode("utf-8", "surrogateescape").strip(" .") or "x"
    # str.splitlines, which reads the listings, knows more line ends than a newline
    return "".join(name.splitlines()) or "x"


def random_data(rng):
    size = rng.choice([0, 1, rng.randrange(3000), rng.randrange(3000), 4096, 131072, 131073, rng.randrange(600000)])
    kind = rng.random()
    if kind < .2:
        return bytes(size)
    if kind < .6:
        return rng.randbytes(size)
    return (b"text %d\n" % rng.randrange(5) * (size // 7 + 1))[:size]


def random_entries(seed):
    """Directories, then anything in them, again and again; types change."""
    rng = random.Random(seed)
    dirs, files, used = [""], [], {}
    for _ in range(rng.randrange(5, 200)):
        parent = rng.choice(dirs)
        name = parent + random_name(rng)
        more = {"uid": rng.choice([0, 1000, rng.randrange(2 ** 21)]), "gid": rng.choice([0, 100, rng.randrange(2 ** 21)]),
                "mtime": rng.randrange(1, 2 ** 31), "mode": rng.randrange(0o10000) | 0o700}
        kind = rng.choice("dddfffffffslhhcbp")
        if name in used or len(name) > 2000 or name.split("/")[0] in OURS:
            continue
        used[name] = kind
        if kind == "d":
            dirs.append(name + "/")
            yield entry(name, tarfile.DIRTYPE, **more)
        elif kind == "h" and files:
            yield entry(name, tarfile.LNKTYPE, linkname=rng.choice(files))
        elif kind in "sl":
            yield entry(name, tarfile.SYMTYPE, linkname=random_name(rng), **{**more, "mode": 0o777})
        elif kind in "cb":
            more.update(devmajor=rng.randrange(4096), devminor=rng.randrange(256))
            yield entry(name, tarfile.CHRTYPE if kind == "c" else tarfile.BLKTYPE, **more)
        elif kind == "p":
            yield entry(name, tarfile.FIFOTYPE, **more)
        else:
            files.append(name)
            if rng.random() < .1:  # comes again, with other contents
                yield entry(name, data=random_data(rng))
            yield entry(name, data=random_data(rng), **more)


def make(path, entries, fmt):
    formats = {"pax": tarfile.PAX_FORMAT, "gnu": tarfile.GNU_FORMAT, "ustar": tarfile.USTAR_FORMAT}
    with tarfile.open(path, "w", format=formats[fmt], encoding="utf-8", errors="surrogateescape") as tar:
        for info, data in entries:
            tar.addfile(info, io.BytesIO(data) if data else None)


def clean(name):
    parts = [p for p in name.split("/") if p not in ("", ".")]
    return "/".join(parts)


def line(mode, uid, gid, size, mtime, path, target=None):
    when = time.strftime("%Y-%m-%d %H:%M", time.gmtime(mtime))
    return f"{stat.filemode(mode)} {uid}/{gid} {size} {when} {path}" + (f" -> {target}" if target else "")


KINDS = {tarfile.DIRTYPE: stat.S_IFDIR, tarfile.SYMTYPE: stat.S_IFLNK, tarfile.CHRTYPE: stat.S_IFCHR,
         tarfile.BLKTYPE: stat.S_IFBLK, tarfile.FIFOTYPE: stat.S_IFIFO}


def want(path):
    shown = {}
    with tarfile.open(path, encoding="utf-8", errors="surrogateescape") as tar:
        for t in tar:
            name = clean(t.name)
            for i, c in enumerate(name):
                if c == "/" and name[:i] not in shown:
                    shown[name[:i]] = None
            if t.type == tarfile.LNKTYPE:
                shown[name] = shown[clean(t.linkname)]
                continue
            mode = KINDS.get(t.type, stat.S_IFREG) | t.mode
            if not stat.S_ISDIR(mode):
                for below in [n for n in shown if n.startswith(name + "/")]:
                    del shown[below]
            size = f"{t.devmajor},{t.devminor}" if t.type in (tarfile.CHRTYPE, tarfile.BLKTYPE) else t.size
            if t.type == tarfile.SYMTYPE:
                size = len(t.linkname.encode("utf-8", "surrogateescape"))
            shown[name] = (mode, t.uid, t.gid, "-" if stat.S_ISDIR(mode) else size, t.mtime,
                           t.linkname if t.type == tarfile.SYMTYPE else None)
    newest = max(values[4] for values in shown.values() if values)
    implied = (stat.S_IFDIR | 0o755, 0, 0, "-", newest, None)
    return [line(*(values or implied)[:5], "/" + name, (values or implied)[5]) for name, values in shown.items()]


def have(stream):
    lines = []
    # a newline in a name is the only thing that a listing cannot show in one line
    for text in stream.read().replace("new\nline", "new\\nline").splitlines():
        found = re.match(r"([-dlcbps]\S{9}) (\d+/\d+)\s+(\d+(?:,\s*\d+)?) (\S+) (\d\d:\d\d) squashfs-root(.*)", text)
        if not found:
            continue
        mode, ids, size, day, clock, path = found.groups()
        size = size.replace(" ", "")
        lines.append(f"{mode} {ids} {'-' if mode[0] == 'd' else size} {day} {clock} {path or '/'}")
    return lines


def keep(lines, named):
    """What sif adds is left out unless the tar had it."""
    for text in sorted(lines):
        name = text.split(None, 5)[5].split(" -> ")[0].lstrip("/") if len(text.split(None, 5)) > 5 else ""
        top = name.split("/")[0]
        if name in named or not (name in OURS or top == ".singularity.d"):
            print(text.replace("new\nline", "new\\nline"))


def main():
    sys.stdout.reconfigure(errors="surrogateescape")
    sys.stdin.reconfigure(errors="surrogateescape")
    if sys.argv[1] == "make":
        fmt = sys.argv[3] if len(sys.argv) > 3 else "pax"
        make(sys.argv[2], everything(fmt), fmt)
        return
    if sys.argv[1] == "random":
        seed = int(sys.argv[3])
        make(sys.argv[2], random_entries(seed), "pax" if seed % 2 else "gnu")
        return
    with tarfile.open(sys.argv[2], encoding="utf-8", errors="surrogateescape") as tar:
        named = {clean(t.name) for t in tar}
    keep(want(sys.argv[2]) if sys.argv[1] == "want" else have(sys.stdin), named)


main()
