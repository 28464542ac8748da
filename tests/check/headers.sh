#!/bin/sh
# Each header compiles alone: it includes what it needs.
src=${top_srcdir:-.}
build=$(cd "${top_builddir:-.}" && pwd) || exit 1
[ -f "$build/config.h" ] || { echo "no config.h: configure first"; exit 1; }
cd "$src" || exit 1
bad=0
n=0
for h in base/*.h image/*/*.h runtime/*.h runtime/*/*.h cmd/*.h; do
	[ -f "$h" ] || continue
	n=$((n + 1))
	# shellcheck disable=SC2086 # CC may hold options
	printf '#include "%s"\ntypedef int alone;\n' "$h" | ${CC:-cc} -std=gnu17 -Wall -Wextra -fsyntax-only \
		-I"$build" -I. -include config.h -include base/banned.h -x c - || {
		echo "$h does not compile alone"
		bad=1
	}
done
[ $bad = 0 ] && echo "headers: $n compile alone"
exit $bad
