# Fuzzing, LONG_MINUTES (10) for each target, one after the other: built with
# clang, ASan and UBSan in a folder of its own. Fails when a promise is broken.
# Says the edges and how many inputs are new; these stay in build-fuzz/found-NAME:
#	build-fuzz/src/tests/fuzz/fuzz_NAME -merge=1 tests/fuzz/corpus/NAME build-fuzz/found-NAME
# TARGETS="squash script" takes some. The rest of the run needs no network.
set -u
: "${top_srcdir:?run it by make check-long}" "${top_builddir:?}"
. "$top_srcdir/packaging/host.sh"
command -v clang >/dev/null || { echo "skip: clang is not installed"; exit 77; }
seconds=$((${LONG_MINUTES:-10} * 60))
work=$top_builddir/build-fuzz
mkdir -p "$work" && rm -rf "$work/src" && host_copy_source "$top_srcdir" "$work/src" && cd "$work/src" || exit 1
{
	autoreconf -i && ./configure --enable-fuzzing --enable-sanitizers CC=clang &&
		make -j2 tests/fuzz/fuzz_sif_read tests/fuzz/fuzz_squash tests/fuzz/fuzz_script
} >"$work/build.log" 2>&1 || { tail -n 20 "$work/build.log"; exit 1; }

failed=0
for target in ${TARGETS:-sif_read squash script}; do
	found=$work/found-$target
	mkdir -p "$found"
	before=$(find "$found" -type f | wc -l)
	# libFuzzer ends by itself; the limit is for when it does not.
	timeout -k 10 $((seconds + 120)) tests/fuzz/fuzz_"$target" -max_len=65536 -timeout=20 -rss_limit_mb=2048 \
		-max_total_time="$seconds" -artifact_prefix="$work/crash-$target-" \
		"$found" "tests/fuzz/corpus/$target" >"$work/$target.log" 2>&1
	code=$?
	echo "$target: $(sed -n 's/.* \(cov: [0-9]* ft: [0-9]*\).*/\1/p' "$work/$target.log" | tail -n 1)," \
		"$(($(find "$found" -type f | wc -l) - before)) new inputs"
	[ $code = 0 ] || { echo "not ok fuzz $target (exit code $code)"; tail -n 30 "$work/$target.log"; failed=1; }
done
exit $failed
