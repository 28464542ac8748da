# Line coverage of the readers of hostile bytes, by unit tests and corpora alone:
# at least 80 % of each file. gcov's figures go to build-coverage/lines.
set -u
: "${top_srcdir:?run it by make check-long}" "${top_builddir:?}"
. "$top_srcdir/packaging/host.sh"
command -v gcov >/dev/null || { echo "skip: gcov is not installed"; exit 77; }
work=$top_builddir/build-coverage
rm -rf "$work" && mkdir -p "$work" && host_copy_source "$top_srcdir" "$work/src" && cd "$work/src" || exit 1
{
	autoreconf -i && ./configure --enable-coverage CC=gcc && make -j2 all && make -j2 check TESTS= &&
		tests=$(cd tests && ls unit/*.c fuzz/fuzz_*.c | sed 's,^,tests/,; s,\.c$,,' | tr '\n' ' ') &&
		timeout -k 10 900 make check TESTS="$tests"
} >"$work/build.log" 2>&1 || { grep -E '^(FAIL|ERROR)' "$work/build.log"; tail -n 20 "$work/build.log"; exit 1; }

# covered FILE: per cent; of the objects made of it (libraries, programs) the best.
covered() {
	find "$(dirname "$1")" -name "*$(basename "$1" .c).gcda" | while read -r data; do
		gcov -n -o "$data" "$1" 2>/dev/null | grep -A 1 -F "File '$1'" |
			sed -n 's/^Lines executed:\([0-9]*\).*/\1/p'
	done | sort -n | tail -n 1
}

# codec_lzo.c: only when it is configured in.
for file in image/sif/*.c image/squash/*.c image/source/*.c runtime/script*.c runtime/env*.c runtime/oci_env.c runtime/action*.c; do
	case $file in */codec_lzo.c) continue ;; esac
	per_cent=$(covered "$file")
	echo "${per_cent:-0} $file"
done | sort -n >"$work/lines"
head -n 5 "$work/lines"
if [ "$(awk '$1 < 80' "$work/lines" | wc -l)" = 0 ] && [ "$(wc -l <"$work/lines")" -gt 40 ]; then
	echo "ok coverage: $(wc -l <"$work/lines") files, $(head -n 1 "$work/lines" | cut -d' ' -f1) % at least"
else
	echo "not ok coverage: a file below 80 %"
	exit 1
fi
