# The harness sees what it promises to see: a test of the tests.
. "$top_srcdir/tests/lib/e2e.sh"

if [ "$(id -u)" != 0 ]; then
	ok "tests run as an ordinary user"
else
	fail "tests run as an ordinary user"
fi
equal "sif is found in PATH" "$SIF" "$(command -v sif)"
prints "the program runs from where it was moved to" "sif version" sh -c '"$SIF" --version | cut -d " " -f 1,2'

refuse "a process that was left behind is named" 99 'left behind: process [0-9]+: sleep 31' \
	"$REAP" -t 1 sh -c 'setsid sh -c "sleep 31 & exit" </dev/null >/dev/null 2>&1'
refuse "the command's own status passes" 7 '' "$REAP" sh -c 'exit 7'
refuse "death by a signal is told" 143 '' "$REAP" sh -c 'kill -TERM $$'

snapshot
settled "nothing new is nothing left"

# The two kinds of trace, seen by the function itself and then removed.
snapshot
setsid sh -c 'sleep 32 & exit' </dev/null >/dev/null 2>&1
: >"$T/left-file"
e2e_state >"$T/.state.now"
new=$(comm -13 "$T/.state" "$T/.state.now")
case $new in *"sleep 32"*) ok "a left process shows" ;; *) fail "a left process shows" "$new" ;; esac
case $new in *left-file*) ok "a left file shows" ;; *) fail "a left file shows" "$new" ;; esac
kill "$(ps -e -o pid=,args= | awk '$2 == "sleep" && $3 == 32 { print $1; exit }')"
rm "$T/left-file"
settled "what was cleaned up is gone"
