#!/bin/sh
# Text that a stranger reads: no path of the machine it was written on, no
# blanks at line ends, a newline at the end, no foreign line ends.
cd "${top_srcdir:-.}" || exit 1
bad=0
list=$(git ls-files 2>/dev/null) || list=
[ -n "$list" ] || list=$(find . -type f -name '*.[ch]' -o -name '*.sh' -o -name '*.mk' -o -name '*.md' -o -name '*.[0-9]')

texts=$(mktemp) || exit 1
trap 'rm -f "$texts"' EXIT
for f in $list; do
	case $f in
	*/corpus/* | */data/* | */autom4te.cache/* | *.sif | *.xz | *.tsv | *.png | COPYING) continue ;;
	esac
	[ -f "$f" ] && ! [ -L "$f" ] && printf '%s\n' "$f"
done >"$texts"

look() { # look PATTERN WHAT
	found=$(xargs grep -nIE -e "$1" /dev/null <"$texts" | head -n 10)
	[ -z "$found" ] || {
		printf '%s:\n%s\n' "$2" "$found"
		bad=1
	}
}
look '(^|[^[:alnum:]_])/(work|home/[a-z]+|root|Users)/[[:alnum:]_.-]+/' 'a path of some machine'
look '[[:blank:]]$' 'blanks at the end of a line'
look "$(printf '\r')\$" 'carriage returns'
while read -r f; do
	[ ! -s "$f" ] || [ -z "$(tail -c 1 "$f")" ] || { echo "$f does not end with a newline"; bad=1; }
done <"$texts"
[ $bad = 0 ] && echo "hygiene: $(wc -l <"$texts") files"
exit $bad
