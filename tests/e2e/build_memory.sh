# Memory is bounded: 64 MiB and four blocks for each thread for a tar of any size
# with up to 100,000 entries; no temporary file is written.
. "$top_srcdir/tests/lib/e2e.sh"
need python3
cd "$T" || exit 1
cat >stream.py <<'END'
import io, sys, tarfile
kind = sys.argv[1]
with tarfile.open(fileobj=sys.stdout.buffer, mode="w|", format=tarfile.GNU_FORMAT) as t:
    if kind == "many":
        for i in range(100000):
            e = tarfile.TarInfo("usr/lib/python3/dist-packages/package%03d/module_%06d.py" % (i // 1000, i))
            e.size = 20
            t.addfile(e, io.BytesIO(b"%020d" % i))
    else:
        block = bytes(range(256)) * 4096
        class Large(io.RawIOBase):
            def __init__(self, size): self.left = size
            def read(self, n):
                n = min(n, self.left, len(block)); self.left -= n
                return block[:n]
        e = tarfile.TarInfo("large")
        e.size = int(kind) << 20
        t.addfile(e, Large(e.size))
END
cat >peak.py <<'END'
import resource, subprocess, sys
code = subprocess.call(sys.argv[1:])
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(code)
END
peak() { # KIND LIMIT_KIB OPTIONS...: KiB at most, and nothing on the disk but the image
	kind=$1 limit=$2
	shift 2
	rm -f x.sif
	kib=$(python3 stream.py "$kind" | python3 peak.py "$SIF" build -q "$@" x.sif -) || kib=failed
	if [ "$kib" != failed ] && [ "$kib" -le "$limit" ]; then
		ok "$kind: $kib KiB with $*"
	else
		fail "$kind: at most $limit KiB with $*" "$kib KiB"
	fi
}
peak many $((65536 + 2 * 4 * 128)) --jobs 2
peak 5000 $((65536 + 2 * 4 * 128)) --jobs 2
peak 300 $((65536 + 4 * 4 * 1024)) --jobs 4 --block-size 1M
peak 300 $((65536 + 8 * 4 * 128)) --jobs 8 --compress zstd:3
# a file of more than 4 GiB is whole
equal "5000 MiB are in the image" 5242880000 "$(rm -f x.sif; python3 stream.py 5000 | "$SIF" build -q x.sif - &&
	unsquashfs -o 32768 -lln x.sif | awk '/large$/ { print $3 }')"
case $(strace -V 2>/dev/null) in
'') skip_one "no temporary file" "strace is not installed" ;;
*)
	tar -cf small.tar stream.py
	strace --seccomp-bpf -f -qq -o calls -e trace=openat,open,creat,mkdir,mkdirat "$SIF" build -qF x.sif small.tar
	equal "no temporary file" 1 "$(grep -Ec 'O_(WRONLY|RDWR|CREAT|TMPFILE)|mkdir' calls)"
	;;
esac
