#!/bin/sh
# Every command answers --help on stdout, in lines that fit a terminal.
sif=${top_builddir:-.}/sif
[ -x "$sif" ] || { echo "no program '$sif': make first"; exit 1; }
bad=0
complain() {
	echo "$*"
	bad=1
}

look_at() { # look_at NAME TEXT
	printf '%s\n' "$2" | head -n 1 | grep -q '^Usage: sif' || complain "$1: no usage line"
	long=$(printf '%s\n' "$2" | awk 'length($0) > 96')
	[ -z "$long" ] || complain "$1: long line: $long"
	case $2 in *'options:') complain "$1: names options and has none" ;; esac
	printf '%s\n' "$2" | grep -nE '[[:blank:]]$' && complain "$1: blanks at the end of a line"
}

commands=$("$sif" --help | sed -n '/^commands:/,/^$/s/^  \([a-z -]*[a-z]\)  .*/\1/p')
[ -n "$commands" ] || complain 'no commands in --help'
look_at 'sif --help' "$("$sif" --help)"
old=$IFS
IFS='
'
for command in $commands; do
	IFS=$old
	# shellcheck disable=SC2086 # one or two words
	text=$("$sif" $command --help </dev/null 2>/dev/null) || complain "$command --help: exit status $?"
	look_at "$command" "$text"
	# shellcheck disable=SC2086
	[ "$text" = "$("$sif" help $command)" ] || complain "help $command differs from $command --help"
done
[ $bad = 0 ] && echo "help: $(echo "$commands" | wc -l) commands"
exit $bad
