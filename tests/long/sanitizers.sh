# What runs in parallel, under ThreadSanitizer; everything else under ASan and
# UBSan (./check's stages asan and hostile).
set -u
: "${top_srcdir:?run it by make check-long}" "${top_builddir:?}"
. "$top_srcdir/packaging/host.sh"
command -v clang >/dev/null || { echo "skip: clang is not installed"; exit 77; }
work=$top_builddir/build-tsan
failed=0
rm -rf "$work" && mkdir -p "$work" && host_copy_source "$top_srcdir" "$work/src" && cd "$work/src" || exit 1
threaded="tests/unit/squash tests/unit/retry tests/unit/extract tests/unit/preload"
# shellcheck disable=SC2086 # a list of words
{
	autoreconf -i && ./configure --disable-static-fuse CC=clang CFLAGS='-g -O1 -fsanitize=thread' LDFLAGS=-fsanitize=thread &&
		make -j2 $threaded
} >"$work/build.log" 2>&1 || { tail -n 20 "$work/build.log"; exit 1; }
for each in $threaded; do
	# -R: ThreadSanitizer wants memory where the kernel put it in former times.
	if top_srcdir=$work/src TSAN_OPTIONS=halt_on_error=0 timeout -k 10 600 setarch -R "$each" >"$work/log" 2>&1; then
		echo "ok tsan $each"
	else
		echo "not ok tsan $each"
		grep -A 12 -E 'WARNING|FAILED' "$work/log" | head -n 60
		failed=1
	fi
done
timeout -k 20 3600 "$top_srcdir/check" --only asan,hostile || failed=1
exit $failed
