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

# Each kind of trace, seen by the function itself and then removed.
stray=/tmp/left.$$.sif
snapshot
setsid sh -c 'sleep 32 & exit' </dev/null >/dev/null 2>&1
: >"$T/left-file"
: >"$stray"
(exec 9<"$T/left-file" && flock 9 && : >"$T/locked" && exec sleep 33) &
holder=$!
until [ -e "$T/locked" ]; do sleep 0.05; done
e2e_state >"$T/.state.now"
new=$(comm -13 "$T/.state" "$T/.state.now")
for trace in 'sleep 32' "file $T/left-file" "file $stray" 'lock FLOCK'; do
	case $new in *"$trace"*) ok "left behind shows: ${trace%% *}" ;; *) fail "left behind shows: $trace" "$new" ;; esac
done
kill "$holder" "$(ps -e -o pid=,ppid=,args= | awk -v p="$SIF_REAPER" '$2 == p && $3 == "sleep" && $4 == 32 { print $1; exit }')"
rm "$T/left-file" "$T/locked" "$stray"
settled "what was cleaned up is gone"

if unshare -rm true 2>/dev/null; then
	# shellcheck disable=SC2016 # expanded inside
	check "a left mount shows" unshare -rm sh -c '. "$top_srcdir/tests/lib/e2e.sh"; trap - EXIT
		mkdir "$T/on"; e2e_state >"$T/.state"; mount -t tmpfs left "$T/on"; e2e_state | comm -13 "$T/.state" - | grep "^mount $T/on "'
fi

# What others of the same user do meanwhile is no trace.
snapshot
others=$(mktemp -d /tmp/sif-quickstart.XXXXXX) && mkdir -p "/dev/shm/sif-$(id -u)"
settled "what other commands make is not counted"
rmdir "$others" "/dev/shm/sif-$(id -u)" 2>/dev/null || :
