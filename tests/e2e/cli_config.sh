#!/bin/sh
# sif.conf: the administrator's file decides, a user's file tightens, and
# every refusal names its line. The administrator's file has a fixed path: the
# test gives the program another /etc in a mount namespace.
# shellcheck source=tests/lib/e2e.sh
. "$top_srcdir/tests/lib/e2e.sh"
need_userns

export XDG_CONFIG_HOME="$T/config"
mkdir -p "$T/config/sif" "$T/etc/sif"
system=$T/etc/sif/sif.conf
user=$T/config/sif/sif.conf
cp /etc/passwd /etc/group "$T/etc/"

# with_system CMD...: CMD sees $T/etc as /etc; inside, its files belong to root
with_system() {
	# shellcheck disable=SC2016 # for the inner shell
	unshare -rm sh -c 'mount --bind "$0/etc" /etc && exec "$@"' "$T" "$@"
}

# show LINE: `config show --origin` has exactly this line, blanks squeezed
shows() {
	shows_name=$1 shows_line=$2
	shift 2
	"$@" config show --origin >"$T/.show" 2>&1
	if tr -s ' ' <"$T/.show" | grep -Fxq -e "$shows_line"; then
		ok "$shows_name"
	else
		fail "$shows_name" "no line '$shows_line' in: $(cat "$T/.show")"
	fi
}

shows 'built-in' 'mount home = yes # built-in' "$SIF"
shows 'from the environment' 'default cleanenv = true # environment APPTAINER_CLEANENV' \
	env APPTAINER_CLEANENV=true "$SIF"

printf 'mount home = no\n\nsessiondir size = 32M\n' >"$system"
printf '# mine\nmount home = yes\nmount tmp = no\nsessiondir size = 1G\n' >"$user"
shows 'the stricter value' 'mount home = no # /etc/sif/sif.conf:1' with_system "$SIF"
shows 'a user tightens' "mount tmp = no # $user:3" with_system "$SIF"
shows 'the smaller size' 'sessiondir size = 32M # /etc/sif/sif.conf:3' with_system "$SIF"
check 'as JSON' sh -c '"$@" config show --json | python3 -c "
import json, sys
rows = json.load(sys.stdin)
row = [r for r in rows if r[\"key\"] == \"mount tmp\"][0]
assert row[\"value\"] == \"no\" and row[\"line\"] == 3, row"' sh "$SIF"

printf 'mount home = no\nmont tmp = no\n' >"$user"
refuse 'an unknown key, with its line' 125 "$user:2: unknown key 'mont tmp'" "$SIF" run x
refuse 'and a hint' 125 "did you mean 'mount tmp'" "$SIF" run x
echo 'frobnicate = 1' >"$user"
refuse 'a key like no other: the manual, not a command that stops here, too' 125 'hint: sif.conf\(5\) lists' "$SIF" run x
printf 'mount home = no\nmont tmp = no\n[pth /x]\nmount sys = no\n[path /y]\nmount dev = no\n' >"$user"
refuse 'show goes on behind a wrong line, and says so' 2 '2 lines of the configuration are wrong' \
	"$SIF" config show --origin
tr -s ' ' <"$T/.out" >shown
cp "$T/.err" said
check 'with the line and a hint' grep -q "^sif: warning: $user:2: unknown key 'mont tmp' (did you mean" said
check 'what is before it counts' grep -Fxq "mount home = no # $user:1" shown
check 'nothing counts behind a section that nobody knows' grep -Fxq 'mount sys = yes # built-in' shown
check 'what is in the next one does' grep -Fxq "[path /y] mount dev = no # $user:6" shown
rm "$user"
check 'every key is listed, also where nobody set it' sh -c '"$@" config show --origin | tr -s " " >shown &&
	grep -Fxq "forbid option = # built-in" shown && grep -Fxq "bind path = # built-in" shown &&
	grep -Fxq "default contain = no # built-in" shown && grep -Fxq "default workdir = # built-in" shown' sh "$SIF"
refuse 'a wrong variable does not hide the rest' 2 'perhaps' env APPTAINER_PID=perhaps "$SIF" config show
cp "$T/.out" shown
check 'which is printed' grep -q '^mount home = yes' shown
echo 'default pid = yes' >"$user"
# shellcheck disable=SC2016 # for the inner shell
check 'a default that is set is not listed as built-in' sh -c '[ "$("$@" config show | grep "default pid")" = "default pid = yes" ]' \
	sh "$SIF"
rm "$user"

printf 'bind control = no\nforbid option = writable-tmpfs\n' >"$system"
refuse 'bind control' 125 'error\[policy\].*--bind.*/etc/sif/sif.conf:1' with_system "$SIF" run -B /usr x
refuse 'bind control, by a twin' 125 'error\[policy\].*--bind' with_system env SIF_BINDPATH=/usr "$SIF" run x
refuse 'a forbidden option' 125 "'--writable-tmpfs' is forbidden by /etc/sif/sif.conf:2" \
	with_system "$SIF" run --writable-tmpfs x
refuse 'a policy is not passed over by --help-like words' 125 'forbidden' \
	with_system "$SIF" run --writable-tmpfs -- x

chmod 666 "$system"
refuse 'others may write it' 125 'not trusted: others than root may write it \(mode 666\)' with_system "$SIF" run x
chmod 644 "$system"
chmod 777 "$T/etc/sif"
refuse 'others may take it away' 125 "'/etc/sif' is not trusted: others than root" with_system "$SIF" run x
chmod 755 "$T/etc/sif"
# a file of the host's root is a stranger's where this user is root
refuse 'a stranger owns it' 125 'not trusted: it belongs to user' unshare -rm sh -c \
	'mount --bind "$0/etc" /etc && mount --bind /usr/bin/env /etc/sif/sif.conf && exec "$@"' "$T" "$SIF" run x
rm "$system" && mkdir "$system"
refuse 'it is no file' 125 'not trusted: it is no regular file' with_system "$SIF" run x
rmdir "$system"

# import: what it prints is a valid sif.conf, and nothing is lost silently
cat >apptainer.conf <<'END'
# a comment
allow setuid = yes
allow pid ns = no
config resolv_conf = no
mount dev = minimal
mount hostfs = yes
bind path = /etc/hosts
bind path=/usr/share
user bind control = no
sessiondir max size = 128
limit container paths = NULL
always use nv = yes
some new directive = 7
END
"$SIF" config import apptainer.conf >"$user" 2>warning
equal 'import: settings' 'forbid option = pid
forbid option = containall
forbid option = compat
default no-mount = /etc/resolv.conf
bind path = -/usr/share
bind control = no
sessiondir size = 128M
default nv = yes' "$(grep -v '^#' "$user")"
equal 'import: every other directive is a comment' 6 "$(grep -c '^#' "$user")"
equal 'import: losses are counted' 3 "$(grep -c '^# NOT TAKEN OVER' "$user")"
check 'import: and announced' grep -q '3 of the directives' warning
check 'import: the result is valid' "$SIF" config show
refuse 'import: and counts' 125 "'--pid' is forbidden by $user" "$SIF" run --pid x
refuse 'import: no file' 3 "cannot open 'nope'" "$SIF" config import nope
