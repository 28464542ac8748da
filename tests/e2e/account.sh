#!/bin/sh
# sif-account: what the name service knows, as the launch asks for it.
# shellcheck source=tests/lib/e2e.sh
. "$top_srcdir/tests/lib/e2e.sh"

helper=$(dirname "$SIF")/../libexec/sif/sif-account
[ -x "$helper" ] || skip "sif-account is not installed"
# Texts end with NUL; a record's head stands before the first of them.
finds() { # WORD ARG...: how many texts end with WORD
	word=$1
	shift
	"$helper" "$@" | tr '\0' '\n' | grep -ac -- "$word\$"
}
equal "a user's name" 1 "$(finds "$(getent passwd 0 | cut -d: -f1)" 0 | grep -c '[1-9]')"
equal "a user's shell" 1 "$(finds "$(getent passwd 0 | cut -d: -f7)" 0)"
equal 'a group' 1 "$(finds "$(getent group 1 | cut -d: -f1)" - 1)"
equal 'nobody is asked for' 0 "$("$helper" - - | wc -c)"
equal 'nobody knows them' 0 "$("$helper" 4242424 4242424 | wc -c)"
