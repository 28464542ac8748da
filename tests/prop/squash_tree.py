#!/usr/bin/env python3
"""Random trees, packed by other people's programs, read by our reader.

For each image the tree that our reader shows (tests/lib/squash_dump) must be the
tree that was packed, the one that unsquashfs unpacks, and, where a FUSE mount
works, the one that squashfuse shows. Prints "ok NAME" or "not ok NAME" and what
differs. Everything follows from the seed.
"""
import argparse
import errno
import io
import os
import random
import shutil
import stat
import subprocess
import sys
import tarfile
import zlib

BLOCKS = (4096, 16384, 131072, 1048576)


def escape(data):
    """As squash_dump writes text."""
    plain = b"%=,"
    out = "".join(chr(c) if 0x20 < c < 0x7F and c not in plain else "%%%02X" % c for c in data)
    return out or "-"


def run(*words, ok=(0,), **more):
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more)
    if done.returncode not in ok:
        raise RuntimeError("%s: exit code %d\n%s" % (" ".join(words), done.returncode, done.stderr.decode()))
    return done.stdout


class Tree:
    """Makes a random tree on disk."""

    def __init__(self, rng, top, block, values):
        self.values = values
        self.rng = rng
        self.top = os.fsencode(top)
        self.block = block
        self.files = []

    def name(self, n):
        kind = self.rng.random()
        if kind < 0.6:
            return b"n%d" % n
        if kind < 0.7:
            return b"%d " % n + self.rng.choice((b"\xc3\xa9t\xc3\xa9", b"\xff\xfe", b"a\nb", b"%41", b"-x", b"..."))
        if kind < 0.8:
            return (b"%d" % n).ljust(250, b"l")
        return b".h%d" % n

    def size(self):
        rng, block = self.rng, self.block
        edge = block * rng.randrange(1, 4) + rng.choice((-1, 0, 1))
        return rng.choice((0, 1, rng.randrange(1, 600), rng.randrange(1, 600), rng.randrange(block), edge,
                           min(rng.randrange(1, 80) * block, 3 << 20)))

    def content(self, n):
        kind = self.rng.random()
        if kind < 0.5:
            word = b"%x the quick brown fox " % self.rng.getrandbits(32)
            return (word * (n // len(word) + 1))[:n]
        if kind < 0.8:
            return self.rng.randbytes(n)
        return self.rng.randbytes(n // 3) + bytes(n - n // 3)

    def file(self, path):
        n = self.size()
        with open(path, "wb") as f:
            if self.rng.random() < 0.2 and n > 2 * self.block:
                f.truncate(n)
                f.seek(self.rng.randrange(n - 1))
                f.write(b"x")
            else:
                f.write(self.content(n))
        self.files.append(path)
        if self.rng.random() < 0.3:
            self.xattrs(path)

    def xattrs(self, path):
        for i in range(self.rng.randrange(1, 4)):
            value = self.rng.choice(self.values + (b"v", b"shared value " * 30, self.rng.randbytes(200)))
            try:
                os.setxattr(path, b"user.k%d" % i, value)
            except OSError:
                return

    def finish(self, path, mode):
        os.chmod(path, mode)
        when = self.rng.choice((0, 1, 1_000_000_000, self.rng.randrange(1 << 32)))
        os.utime(path, (when, when), follow_symlinks=False)

    def entry(self, path, depth):
        kind = self.rng.random()
        if kind < 0.2 and depth < 5:
            self.directory(path, depth + 1, self.rng.randrange(8))
        elif kind < 0.3:
            targets = (b"n1", b"/etc/passwd", b"../../x", b"t" * self.rng.randrange(1, 4000), b"\xff")
            os.symlink(self.rng.choice(targets), path)
            os.utime(path, (77, 77), follow_symlinks=False)
        elif kind < 0.35:
            os.mkfifo(path)
            self.finish(path, 0o640)
        elif kind < 0.45 and self.files:
            os.link(self.rng.choice(self.files), path)
        else:
            self.file(path)
            self.finish(path, self.rng.choice((0o644, 0o755, 0o600, 0o4755, 0o1600)))

    def directory(self, path, depth, n):
        if depth:
            os.mkdir(path)
        if self.rng.random() < 0.3:
            self.xattrs(path)
        for i in range(n):
            self.entry(os.path.join(path, self.name(i)), depth)
        self.finish(path, self.rng.choice((0o755, 0o700, 0o1777, 0o2755)))

    def make(self):
        os.makedirs(self.top)
        for i in range(30):
            self.entry(os.path.join(self.top, b"%02d" % i + self.name(i)), 0)
        big = os.path.join(self.top, b"big")
        os.mkdir(big)
        for i in range(self.rng.choice((10, 300, 900))):
            with open(os.path.join(big, b"%d-" % i + b"x" * self.rng.randrange(100)), "wb") as f:
                f.write(b"%d" % i)
        self.finish(big, 0o755)
        self.finish(self.top, 0o755)


def crc_of(path):
    crc = 0
    with open(path, "rb") as f:
        while data := f.read(1 << 20):
            crc = zlib.crc32(data, crc)
    return crc


def xattrs_of(path):
    found = []
    try:
        names = os.listxattr(path, follow_symlinks=False)
    except OSError:
        names = []
    for name in names:
        try:
            value = os.getxattr(path, name, follow_symlinks=False)
        except OSError as e:
            # squashfuse lists an attribute without a value and then denies it
            if e.errno != errno.ENODATA:
                raise
            value = b""
        if name.startswith("user."):
            found.append(escape(os.fsencode(name)) + "=" + escape(value))
    return ",".join(sorted(found)) or "-"


LETTERS = {stat.S_IFDIR: "d", stat.S_IFREG: "-", stat.S_IFLNK: "l", stat.S_IFIFO: "p", stat.S_IFCHR: "c",
           stat.S_IFBLK: "b", stat.S_IFSOCK: "s"}
FIELDS = ("type", "mode", "uid", "gid", "size", "mtime", "nlink", "rdev", "crc", "target", "xattrs")


def look(path):
    """One object of the host, as squash_dump prints it."""
    st = os.lstat(path)
    letter = LETTERS[stat.S_IFMT(st.st_mode)]
    return {
        "type": letter,
        "mode": "%o" % stat.S_IMODE(st.st_mode),
        "uid": str(st.st_uid),
        "gid": str(st.st_gid),
        "size": str(st.st_size if letter in "-l" else 0),
        "mtime": str(int(st.st_mtime)),
        "nlink": str(st.st_nlink),
        "rdev": str(st.st_rdev),
        "crc": "%08x" % (crc_of(path) if letter == "-" else 0),
        "target": escape(os.readlink(path)) if letter == "l" else "-",
        "xattrs": xattrs_of(path) if letter in "-d" else "-",
    }


def look_at_tree(top):
    top = os.fsencode(top)
    found = {"-": look(top)}
    for folder, dirs, files in os.walk(top):
        for name in dirs + files:
            path = os.path.join(folder, name)
            found[escape(os.path.relpath(path, top))] = look(path)
    return found


def look_at_image(dump, image, *more):
    found = {}
    for line in run(dump, *more, image).decode().splitlines():
        words = line.split(" ")
        found[words[0]] = dict(zip(FIELDS, words[1:]))
        attrs = [x for x in words[-1].split(",") if x.startswith("user.")]
        found[words[0]]["xattrs"] = ",".join(sorted(attrs)) or "-"
    return found


def compare(what, want, got, without=()):
    """What differs between two trees, in words."""
    bad = []
    for path in sorted(set(want) | set(got)):
        if path not in want or path not in got:
            bad.append("%s: %s only in %s" % (what, path, "image" if path in got else what))
            continue
        for field in FIELDS:
            if field in without or (field == "nlink" and want[path]["type"] == "d"):
                continue
            if want[path][field] != got[path][field]:
                bad.append("%s: %s: %s is %s, should be %s" % (what, path, field, got[path][field],
                                                                 want[path][field]))
    return bad


def without_setid(tree):
    """What an ordinary user gets of it: other people's setuid programs are not his."""
    return {path: dict(entry, mode=entry["mode"] if entry["type"] == "l" else "%o" % (int(entry["mode"], 8) & 0o1777))
            for path, entry in tree.items()}


class Mount:
    """squashfuse, or nothing where FUSE does not work."""

    def __init__(self, image, where):
        self.where = where
        os.makedirs(where)
        try:
            self.works = subprocess.run(["squashfuse", image, where], stderr=subprocess.DEVNULL).returncode == 0
        except FileNotFoundError:
            self.works = False

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.works:
            run("fusermount3", "-u", self.where)


def make_tar(rng, path):
    """What an ordinary user cannot make on disk: owners, devices, attributes."""
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as tar:
        for i in range(60):
            info = tarfile.TarInfo("d%d/f%d" % (i % 7, i))
            info.uid = rng.choice((0, 1, 1000, 65534, 65536, (1 << 21) - 1 + i))
            info.gid = rng.choice((0, 5, 100, 4_000_000_000))
            info.mode = rng.choice((0o644, 0o4755, 0o2711, 0o000))
            info.mtime = rng.randrange(1 << 31)
            kind = rng.random()
            data = b""
            if kind < 0.15:
                info.type = rng.choice((tarfile.CHRTYPE, tarfile.BLKTYPE))
                info.devmajor, info.devminor = rng.randrange(1 << 12), rng.randrange(1 << 20)
            elif kind < 0.2:
                info.type = tarfile.FIFOTYPE
            elif kind < 0.3:
                info.type, info.linkname = tarfile.SYMTYPE, "../t" * rng.randrange(1, 30)
            else:
                data = rng.randbytes(rng.randrange(300000)) if rng.random() < 0.3 else b"abc" * rng.randrange(999)
                info.size = len(data)
                info.pax_headers = {"SCHILY.xattr.user.note": "n%d" % (i % 3)}
            tar.addfile(info, io.BytesIO(data))


def listing(image):
    """Type, mode, owner and device of everything, as unsquashfs sees it."""
    found = {}
    for line in run("unsquashfs", "-lln", image).decode(errors="surrogateescape").splitlines():
        words = line.split(None, 2)
        if len(words) < 3 or "/" not in words[1] or "squashfs-root" not in line:
            continue
        rest, path = words[2].split(" squashfs-root", 1)
        path = path.split(" -> ")[0].lstrip("/")
        first = rest.split()[0]
        if words[0][0] in "cb" and first.endswith(","):
            first += rest.split()[1]
        found[path or "-"] = (words[0], words[1], first)
    return found


def mode_text(entry):
    mode = int(entry["mode"], 8) | {v: k for k, v in LETTERS.items()}[entry["type"]]
    return stat.filemode(mode)


def check_listing(image, ours):
    bad = []
    theirs = listing(image)
    for path, entry in ours.items():
        size = entry["size"]
        if entry["type"] in "cb":
            # unsquashfs knows minors below 256 only, and shows the rest as it lies
            signed = int(entry["rdev"]) - (int(entry["rdev"]) >> 31 << 32)
            size = "%d,%d" % (signed >> 8, signed & 0xFF)
        mine = (mode_text(entry), entry["uid"] + "/" + entry["gid"], size)
        if path not in theirs:
            bad.append("unsquashfs -lln does not list " + path)
        elif theirs[path][:2] != mine[:2] or (entry["type"] != "d" and theirs[path][2] != mine[2]):
            bad.append("%s: %s, unsquashfs says %s" % (path, mine, theirs[path]))
    if len(theirs) != len(ours):
        bad.append("unsquashfs lists %d objects, we %d" % (len(theirs), len(ours)))
    return bad


def pack_options(rng, compressor):
    more = {"xz": ["-Xbcj", "x86,arm"], "gzip": ["-Xcompression-level", "4"], "zstd": ["-Xcompression-level", "2"],
            "lz4": ["-Xhc"]}.get(compressor, [])
    options = more if rng.random() < 0.5 else []
    for each in (["-no-fragments"], ["-always-use-fragments"], ["-no-exports"], ["-noI"], ["-noD"], ["-noF"],
                 ["-noX"], ["-no-duplicates"], ["-no-sparse"], ["-nopad"]):
        if rng.random() < 0.2:
            options = options + each
    if "-no-fragments" in options and "-always-use-fragments" in options:
        options.remove("-no-fragments")
    return options


class Test:
    def __init__(self, args):
        self.args = args
        self.failed = 0
        self.fuse = 0

    def verdict(self, name, bad):
        print(("not ok " if bad else "ok ") + name)
        for line in bad[:8]:
            print("    " + line[:300])
        self.failed += bool(bad)

    def against_others(self, image, ours, work):
        top, mnt = os.path.join(work, "out"), os.path.join(work, "mnt")
        run("unsquashfs", "-quiet", "-no-progress", "-dest", top, image)
        bad = compare("unsquashfs", look_at_tree(top), without_setid(ours), ("uid", "gid"))
        with Mount(image, mnt) as m:
            if m.works:
                self.fuse += 1
                bad += compare("squashfuse", look_at_tree(mnt), ours)
        return bad

    def directory(self, name, rng, work, packer, compressor):
        block = rng.choice(BLOCKS)
        src, image = os.path.join(work, "src"), os.path.join(work, "img")
        # gensquashfs leaves out attributes without a value
        Tree(rng, src, block, (b"",) if packer == "mksquashfs" else ()).make()
        if packer == "mksquashfs":
            words = ["mksquashfs", src, image, "-quiet", "-no-progress", "-comp", compressor, "-b", str(block)]
            words += pack_options(rng, compressor)
        else:
            words = ["gensquashfs", "-q", "-k", "-x", "-D", src, "-c", compressor, "-b", str(block), image]
        run(*words)
        ours = look_at_image(self.args.dump, image)
        # gensquashfs knows no owners and reads no times of the directories' root
        skip = ("uid", "gid", "nlink", "mtime") if packer != "mksquashfs" else ()
        bad = compare("source", look_at_tree(src), ours, skip)
        bad += self.against_others(image, ours, work)
        odd = look_at_image(self.args.dump, image, "-c", str(rng.randrange(1, 9999)))
        bad += compare("odd pieces", ours, odd)
        bad += self.copy(image, src, work, skip)
        self.verdict("%s (%s)" % (name, " ".join(words[2:] if packer == "mksquashfs" else words[1:])
                                  .replace(work, "")), bad)

    def copy(self, image, src, work, skip):
        """sif cp -r gives the tree again; setuid and setgid bits are dropped."""
        top = os.path.join(work, "copy")
        run(self.args.sif, "cp", "-r", image + ":/", top)
        return compare("sif cp", without_setid(look_at_tree(src)), look_at_tree(top), skip)

    def against_tar(self, image, ours):
        """sqfs2tar reads with libsquashfs, and needs no rights to show a device."""
        bad = []
        with tarfile.open(fileobj=io.BytesIO(run("sqfs2tar", "--no-skip", image))) as tar:
            for info in tar:
                entry = ours.get(escape(os.fsencode(info.name.strip("/"))), None)
                if entry is None:
                    bad.append("we do not show " + info.name)
                elif info.isreg() and zlib.crc32(tar.extractfile(info).read()) != int(entry["crc"], 16):
                    bad.append("sqfs2tar reads other bytes of " + info.name)
                elif info.issym() and escape(os.fsencode(info.linkname)) != entry["target"]:
                    bad.append("sqfs2tar shows another target of " + info.name)
                elif str(info.uid) != entry["uid"] or str(info.gid) != entry["gid"]:
                    bad.append("sqfs2tar shows another owner of " + info.name)
                elif info.mtime != int(entry["mtime"]) or info.mode != int(entry["mode"], 8):
                    bad.append("sqfs2tar shows another time or mode of " + info.name)
                note = info.pax_headers.get("SCHILY.xattr.user.note")
                if entry and note and entry["xattrs"] != "user.note=" + note:
                    bad.append("sqfs2tar shows other attributes of " + info.name)
        return bad

    def tar(self, name, rng, work, compressor):
        image = os.path.join(work, "img")
        make_tar(rng, os.path.join(work, "tar"))
        with open(os.path.join(work, "tar"), "rb") as f:
            run("tar2sqfs", "-q", "-c", compressor, "-b", str(rng.choice(BLOCKS)), image, stdin=f)
        ours = look_at_image(self.args.dump, image)
        # lz4: tar2sqfs keeps a packed id table that did not shrink, unsquashfs refuses it
        bad = check_listing(image, ours) if compressor != "lz4" else []
        bad += self.against_tar(image, ours)
        self.verdict(name, bad)


def clean(work):
    for folder, dirs, _ in os.walk(work):
        for each in dirs:
            path = os.path.join(folder, each)
            if not os.path.islink(path):
                os.chmod(path, 0o700)
    shutil.rmtree(work, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--dump", required=True)
    parser.add_argument("--sif", required=True)
    parser.add_argument("--work", required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=1)
    args = parser.parse_args()
    test = Test(args)
    os.umask(0o022)
    for n in range(args.rounds):
        for packer, compressor in [("mksquashfs", c) for c in ("gzip", "xz", "zstd", "lz4")] + [
                ("gensquashfs", "zstd"), ("gensquashfs", "xz"), ("tar", "gzip"), ("tar", "zstd"), ("tar", "lz4")]:
            seed = args.seed * 1000 + n
            name = "%s %s seed %d" % (packer, compressor, seed)
            work = os.path.join(args.work, "work")
            os.makedirs(work)
            rng = random.Random("%s %s %d" % (packer, compressor, seed))
            if packer == "tar":
                test.tar(name, rng, work, compressor)
            else:
                test.directory(name, rng, work, packer, compressor)
            clean(work)
    print("# squashfuse took part %d times" % test.fuse)
    sys.exit(test.failed != 0)


if __name__ == "__main__":
    main()
