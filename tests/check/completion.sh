#!/bin/bash
# The completion script knows what --help knows, and completes as one expects.
sif=${top_builddir:-.}/sif
[ -x "$sif" ] || { echo "no program '$sif': make first"; exit 1; }
script=$(mktemp) || exit 1
trap 'rm -f "$script"' EXIT
"$sif" completion bash >"$script" || exit 1
bad=0
if command -v shellcheck >/dev/null; then
	shellcheck -s bash "$script" || bad=1
fi
# shellcheck disable=SC1090 # just printed
. "$script" || exit 1
compopt() { fell_back=$2; } # only bash's own completion may call the real one

# want WORDS... ANSWER: completing the last of WORDS gives ANSWER ("default" = file names)
want() {
	local answer=${*: -1}
	COMP_WORDS=("${@:1:$#-1}")
	COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
	fell_back=
	_sif
	[ "${fell_back:-${COMPREPLY[*]}}" = "$answer" ] && return
	echo "completing '${COMP_WORDS[*]}': wanted '$answer', got '${fell_back:-${COMPREPLY[*]}}'"
	bad=1
}
want sif exe exec
want sif -q she shell
want sif config im import
want sif exec --clea --cleanenv
want sif exec --home '' default
want sif exec -B /a --writable-t --writable-tmpfs
want sif exec '' default
want sif exec img --clea default
want sif config show --ori --origin
want sif --silen --silent

# every command and every option that --help shows
commands=$("$sif" --help | sed -n '/^commands:/,/^$/s/^  \([a-z -]*[a-z]\)  .*/\1/p')
[ "$commands" ] || { echo "no commands in --help"; bad=1; }
while read -r command; do
	# shellcheck disable=SC2086 # one or two words
	for option in $("$sif" help $command | grep -oE '^ +(-., )? *--[a-z-]+' | grep -oE -e '--[a-z-]+'); do
		case " $(__sif_options "$command") " in
		*" $option "*) ;;
		*) echo "'$command $option' is not completed"; bad=1 ;;
		esac
	done
done <<END
$commands
END
[ $bad = 0 ] && echo 'completion: as --help'
exit $bad
