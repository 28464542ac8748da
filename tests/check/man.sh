#!/bin/sh
# The manual is true: every option and key of the tables is in it, and it
# describes no other; mandoc finds no fault.
sif=$(cd "${top_builddir:-.}" && pwd)/sif
[ -x "$sif" ] || { echo "no program '$sif': make first"; exit 1; }
cd "${top_srcdir:-.}" || exit 1
bad=0
complain() {
	echo "$*"
	bad=1
}

if command -v mandoc >/dev/null; then
	# ours are not installed yet; that they exist is looked at below
	# shellcheck disable=SC2046 # a list of words
	mandoc -Tlint -W style $(grep -L '^\.so ' docs/man/*.[0-9]) 2>&1 | grep -vE 'referenced manual not found|lacks .* entry' && bad=1
else
	echo 'mandoc is not here: style not looked at (package mandoc)'
fi
for ref in $(sed -n 's/^\.Xr \(sif[a-z.-]*\) \([0-9]\).*/\1.\2/p' docs/man/* | sort -u); do
	[ -f "docs/man/$ref" ] || complain "a manual page refers to $ref, which does not exist"
done

# A second name of a page stands in its .Nm lines, and both are installed.
for page in $(grep -l '^\.so ' docs/man/*.[0-9]); do
	target=docs/man/$(sed -n 's|^\.so man[0-9]/||p' "$page")
	name=$(basename "$page" | sed 's/\.[0-9]$//')
	sed -n '/^\.Sh NAME/,/^\.Nd/p' "$target" | grep -Eq "^\.Nm $name( ,)?\$" || complain "$target is not about $name"
done
for page in docs/man/*.[0-9]; do
	grep -qw "$page" ./*/module.mk || complain "$page is not installed"
done

# The page of a command: its own or the one it leads to, or the one whose synopsis
# has it.
page_of() {
	[ -f "docs/man/sif-$1.1" ] && {
		other=$(sed -n 's|^\.so man1/||p' "docs/man/sif-$1.1")
		echo "docs/man/${other:-sif-$1.1}"
		return
	}
	grep -lE "^\.Nm sif (Cm )?$1( |\$)" docs/man/*.1 | head -n 1
}

# Lines "LETTER NAME" of the options in --help; LETTER is '-' for none.
options_of() {
	# shellcheck disable=SC2086 # one or two words
	"$sif" help $1 | sed -n 's/^  -\(.\), --\([a-z-]*\).*/\1 \2/p; s/^      --\([a-z-]*\).*/- \1/p'
}

commands=$("$sif" --help | sed -n '/^commands:/,/^$/s/^  \([a-z -]*[a-z]\)  .*/\1/p')
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
old=$IFS
IFS='
'
for command in $commands; do
	IFS=$old
	page=$(page_of "${command%% *}")
	if [ -z "$page" ]; then
		complain "no manual page describes 'sif $command'"
		continue
	fi
	options_of "$command" >"$work/options"
	cut -d' ' -f2 "$work/options" >>"$work/$(basename "$page").known"
	while read -r letter name; do
		case $letter in
		-) grep -Eq "^\.It Fl -$name( |\$)" "$page" ;;
		*) grep -Eq "^\.It Fl $letter , Fl -$name( |\$)" "$page" ;;
		esac || complain "$page does not describe option '$letter --$name' of 'sif $command'"
	done <"$work/options"
done
IFS=$old

for known in "$work"/*.known; do
	page=docs/man/$(basename "$known" .known)
	case $page in
	*/sif.1) printf '%s\n' quiet silent verbose debug nocolor version help >>"$known" ;;
	esac
	for name in $(grep '^\.It Fl' "$page" | grep -oE 'Fl -[a-z-]+' | sed 's/Fl -//' | sort -u); do
		grep -qx -e "$name" "$known" || complain "$page describes '--$name', which no command has"
	done
done

# Options that are known but hidden are named in sif-run(1).
for name in $(grep -oE '(NOT_YET|NOT_YET_NO_ENV|NO_SWITCH_YET|GRANTED)\("[a-z-]+"' runtime/options.c | sed 's/.*"\(.*\)"/\1/'); do
	grep -Eq "^\.Fl -$name( |\$)" docs/man/sif-run.1 || complain "sif-run.1 does not name '--$name'"
done

# The keys of sif.conf, both ways.
keys=$(sed -n 's/^	{ "\([a-z ]*\)", CONFIG_.*/\1/p' runtime/config.c)
[ -n "$keys" ] || complain 'no keys found in runtime/config.c'
IFS='
'
for key in $keys; do
	grep -Eq "^\.It Cm $key( =| Ar)" docs/man/sif.conf.5 || complain "sif.conf.5 does not describe '$key'"
done
for key in $(sed -n 's/^\.It Cm \([a-z ]*[a-z]\) .*/\1/p' docs/man/sif.conf.5); do
	printf '%s\n' "$keys" | grep -qx -e "$key" || complain "sif.conf.5 describes '$key', which is no key"
done
[ $bad = 0 ] && echo "man: $(echo docs/man/* | wc -w) pages, as the tables"
exit $bad
