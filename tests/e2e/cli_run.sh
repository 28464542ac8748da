#!/bin/sh
# The words of a run meet a real image: where options end, which source of an
# option wins, what sif.conf does, exit statuses by name, an image as a program.
# shellcheck source=tests/lib/e2e.sh
. "$top_srcdir/tests/lib/e2e.sh"
need_fuse
image=$(small_image) || exit 1
export XDG_CONFIG_HOME="$T/config"
mkdir -p "$T/config/sif" "$T/data" bin
conf=$T/config/sif/sif.conf
echo host >"$T/data/f"
for name in apptainer singularity run-singularity; do
	ln -s "$SIF" "bin/$name"
done

# options end at the image
prints 'words behind the image are the program'"'"'s' '--cleanenv -B x --help' \
	"$SIF" exec "$image" echo --cleanenv -B x --help
prints 'options in every form' "[] $T/home" env HOSTV=1 "$SIF" exec -e --cwd="$T/home" "$image" \
	sh -c 'echo "[$HOSTV] $PWD"'

# sources: the command line, SIF_, APPTAINER_, SINGULARITY_, the configuration
prints 'a twin' host env SINGULARITY_BINDPATH="$T/data:/opt" "$SIF" exec "$image" cat /opt/f
prints 'the command line is stronger' / env SIF_CWD=/opt "$SIF" exec --cwd / "$image" pwd
prints 'SIF_ is stronger than APPTAINER_' /opt env APPTAINER_CWD=/ SIF_CWD=/opt "$SIF" exec "$image" pwd
printf 'default cwd = /opt\ndefault cleanenv = yes\n' >"$conf"
prints 'defaults of the configuration' '/opt []' env HOSTV=1 "$SIF" exec "$image" sh -c 'echo "$PWD [$HOSTV]"'
prints 'a switch is undone' '[1]' env HOSTV=1 "$SIF" exec --cleanenv=no "$image" sh -c 'echo "[$HOSTV]"'
prints 'by a twin, too' '[1]' env HOSTV=1 SIF_CLEANENV=no "$SIF" exec "$image" sh -c 'echo "[$HOSTV]"'

# mounts and bind paths of the configuration
printf 'bind path = %s:/srv\nbind path = -/no/such/place\n' "$T/data" >"$conf"
prints 'bind path' host "$SIF" exec "$image" cat /srv/f
prints 'bind path is left out' absent "$SIF" exec --no-mount bind-paths "$image" \
	sh -c 'test -e /srv/f && echo there || echo absent'
echo 'bind path = /no/such/place' >"$conf"
refuse 'a bind path that must exist' 125 "'/no/such/place'.*does not exist" "$SIF" exec "$image" true
echo 'mount home = no' >"$conf"
# the home of a container is the one of the user data base, not $HOME
mark=$(getent passwd "$(id -u)" | cut -d: -f6)/.sif-cli-mark
touch "$mark" 2>/dev/null || mark=
trap 'code=$?; rm -f "$mark"; (exit $code); e2e_end' EXIT
sees_home() { # sees_home NAME there|absent IMAGE
	[ -n "$mark" ] || { skip_one "$1" 'the home directory is not writable'; return; }
	prints "$1" "$2" "$SIF" exec "$3" sh -c 'test -e "$1" && echo there || echo absent' sh "$mark"
}
sees_home 'mount home = no' absent "$image"
printf '[path %s]\nmount home = no\n' "$IMAGES" >"$conf"
sees_home 'a section of these images' absent "$image"
cp "$image" "$T/other.sif"
sees_home 'a section of other images' there "$T/other.sif"
echo 'default writable-tmpfs = yes
sessiondir size = 1M' >"$conf"
prints 'sessiondir size' full "$SIF" exec "$image" sh -c 'head -c 4000000 /dev/zero >/big 2>/dev/null || echo full'
rm "$conf"

# an image is called what it was called, by whatever link
ln -s "$image" link.sif
prints 'the name of an image' "$T/link.sif link.sif" "$SIF" exec ./link.sif \
	sh -c 'echo "$SIF_CONTAINER $SIF_NAME"'

# exit statuses by name
refuse 'not found' 127 'nope' "$SIF" exec "$image" nope
refuse 'not executable' 126 'passwd' "$SIF" exec "$image" /etc/passwd
refuse 'apptainer: not found' 255 'nope' bin/apptainer exec "$image" nope
refuse 'singularity: not executable' 255 'passwd' bin/singularity exec "$image" /etc/passwd
refuse 'a status of the program' 42 '' "$SIF" exec "$image" sh -c 'exit 42'
refuse 'a signal of the program' 137 '' sh -c '"$SIF" exec "$1" sh -c "kill -9 \$\$"; exit $?' sh "$image"
refuse 'apptainer: words behind the image of a shell are ignored' 0 "ignored: '-c'" \
	sh -c 'echo exit 0 | bin/apptainer shell "$1" -c false' sh "$image"

# the image is a program: its first line says run-singularity
cp "$image" prog && chmod +x prog
prints 'an image runs by itself' 'as typed' env PATH="$T/bin:$PATH" ./prog echo as typed

# a run that cannot run says why once, and prints nothing on stdout
"$SIF" exec -B /no/such/source "$image" true >out 2>err
equal 'one message' 1 "$(grep -c 'error\[' err)"
equal 'nothing on stdout' '' "$(cat out)"
check 'quiet runs print nothing' sh -c '[ -z "$("$SIF" -q exec "$1" true 2>&1)" ]' sh "$image"
check 'a dry run prints the plan' sh -c '"$SIF" exec --dry-run "$1" true | grep -q "/tmp"' sh "$image"
