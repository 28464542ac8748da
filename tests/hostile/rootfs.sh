#!/bin/sh
# 110 root file systems that try to lead the launch out of the image: links and
# files in the place of the directories and files that it mounts upon. Each one
# runs or has a message; a directory of the host that they point at is as before.
# shellcheck source=tests/lib/e2e.sh
. "$top_srcdir/tests/lib/e2e.sh"
need_fuse
need_shared
need mksquashfs busybox cc

cd "$T" || exit 1
mkdir canary && echo keep >canary/keep
# a probe that needs nothing of the image
cat >probe.c <<'C'
#include <stdio.h>
#include <string.h>
#include <unistd.h>
int main(void)
{
	char line[256];
	FILE *f = fopen("/proc/self/status", "r");

	/* Where the image has no place for /proc there is nothing to read. */
	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, "CapEff", 6) || !strncmp(line, "CapBnd", 6) || !strncmp(line, "NoNewPrivs", 10))
			fputs(line, stdout);
	printf("write %d\n", access("/", W_OK));
	return 0;
}
C
cc -static -O1 -o probe probe.c || exit 1
bash "$SIF_SHARED/adversarial/runtime/mkhostile_rootfs.sh" "$T/images" "$T/canary" "$T/probe" >made 2>&1
equal 'the images were made' 110 "$(tail -n 1 made)"

state() {
	find canary -printf '%p %y %m %s %T@ %C@\n' | sort
	find canary -type f -exec cksum {} + | sort
}
before=$(state)
: >out
: >err
snapshot
for options in '' '--contain' '--writable-tmpfs'; do
	bad=
	ran=0
	for image in images/*.sqfs; do
		# The environment script of this one runs inside, with the user's rights,
		# and may write to the /tmp that was bound for it.
		case "$options $image" in
		'--contain '*) ;;
		*/env_script.sqfs) continue ;;
		esac
		# shellcheck disable=SC2086 # options
		timeout 20 "$SIF" exec $options "$image" /bin/probe >out 2>err </dev/null
		code=$?
		if [ "$code" = 0 ]; then
			ran=$((ran + 1))
			grep -q 'Cap.*[1-9a-f]$' out && bad="$bad $image:privilege"
			grep -q 'NoNewPrivs.*0$' out && bad="$bad $image:new-privileges"
			[ -n "$options" ] || ! grep -q 'write 0' out || bad="$bad $image:writable"
		elif [ "$code" -ge 124 ] && [ "$code" -le 127 ] && grep -q '^sif: error\[' err && [ "$code" != 124 ]; then
			:
		else
			bad="$bad $image:$code"
		fi
	done
	equal "each runs or says why not ($options)" '' "$bad"
	if [ "$ran" -ge 100 ]; then ok "most of them run ($options)"; else fail "most of them run ($options)" "$ran"; fi
	equal "the canary is as before ($options)" "$before" "$(state)"
done
settled 'nothing is left'
