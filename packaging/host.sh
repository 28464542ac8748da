# What ./quickstart and ./check need of the machine, before sif exists: Debian
# packages, a usable /dev/fuse, an ordinary user, subordinate ids. Sourced by POSIX sh scripts.
#
# Everything here is safe to repeat, changes only what is missing, and says each
# change in one line. Without root and without sudo nothing is changed: the
# script ends with the words that an administrator has to type.

# A defined world: no alias, locale or umask of the caller reaches the work.
host_init() {
	umask 022
	unset CDPATH ENV BASH_ENV GREP_OPTIONS MAKEFLAGS MFLAGS MAKELEVEL TAPE POSIXLY_CORRECT
	unset LANGUAGE LC_COLLATE LC_CTYPE LC_MESSAGES LC_NUMERIC LC_TIME
	export LC_ALL=C.UTF-8 LANG=C.UTF-8
	PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
	host_name=${0##*/}
}

say() {
	printf '%s: %s\n' "$host_name" "$*"
}

die() {
	printf '%s: %s\n' "$host_name" "$*" >&2
	exit 1
}

# as_root CMD...: run it as root, or return 97 when there is no way to.
as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
		sudo -n "$@"
	elif command -v sudo >/dev/null 2>&1 && [ -t 0 ] && [ -t 2 ]; then
		sudo "$@"
	else
		return 97
	fi
}

host_cpus() {
	nproc 2>/dev/null || echo 1
}

# packages_missing NAME...: those that are not installed.
packages_missing() {
	dpkg-query -W -f '${db:Status-Status} ${Package}\n' "$@" 2>/dev/null |
		sed -n 's/^installed //p' | sort -u >"$host_tmp/installed"
	printf '%s\n' "$@" | sort -u | comm -23 - "$host_tmp/installed"
}

apt_quiet() {
	as_root env DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 LC_ALL=C.UTF-8 \
		apt-get -qq -y -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 \
		"$@" </dev/null >>"$host_tmp/apt.log" 2>&1
}

# packages_install PURPOSE NAME...: installs what is missing, quietly.
# The package lists are fetched only when an installation fails without them.
packages_install() {
	purpose=$1
	shift
	host_tmp=$(mktemp -d) || exit 1
	if ! command -v apt-get >/dev/null 2>&1; then
		say "no apt-get here: for $purpose this machine must have what Debian calls: $*"
		rm -rf "$host_tmp"
		return 0
	fi
	missing=$(packages_missing "$@" | tr '\n' ' ')
	if [ -z "$missing" ]; then
		rm -rf "$host_tmp"
		return 0
	fi
	as_root true || die "packages are missing and this is neither root nor sudo; an administrator types:
  apt-get update && apt-get install --no-install-recommends ${missing% }"
	say "installing for $purpose: ${missing% }"
	# shellcheck disable=SC2086 # a list of words
	if ! apt_quiet install --no-install-recommends $missing; then
		apt_quiet update
		if ! apt_quiet install --no-install-recommends $missing; then
			tail -n 15 "$host_tmp/apt.log" >&2
			rm -rf "$host_tmp"
			die "apt-get could not install: ${missing% }"
		fi
	fi
	rm -rf "$host_tmp"
}

# /dev/fuse as Debian's fuse3 package sets it up. Some machines boot with 0600.
host_fuse() {
	if [ ! -c /dev/fuse ]; then
		as_root modprobe fuse >/dev/null 2>&1
		[ -c /dev/fuse ] || say "there is no /dev/fuse here (an administrator: modprobe fuse)"
		return 0
	fi
	mode=$(stat -c %a /dev/fuse)
	case $mode in
	*[67][67]) return 0 ;;
	esac
	if as_root chmod 0666 /dev/fuse; then
		say "/dev/fuse had mode 0$mode; set to 0666, as Debian's fuse3 package does"
	elif ! [ -r /dev/fuse ] || ! [ -w /dev/fuse ]; then
		say "/dev/fuse has mode 0$mode: an administrator types: chmod 0666 /dev/fuse"
	fi
}

# host_copy_source TOP NEW: the working tree as git sees it, edits and new files
# included; without git, all but what a build in place leaves.
host_copy_source() {
	mkdir "$2" && cd "$1" || return 1
	if git -c safe.directory="$1" ls-files -z --cached --others --exclude-standard \
		>"$2.files" 2>/dev/null && [ -s "$2.files" ]; then
		tar --null --ignore-failed-read --warning=no-failed-read -T "$2.files" -cf "$2.tar"
	else
		tar --exclude=./.git --exclude='./build*' --exclude=./stage --exclude=autom4te.cache \
			--exclude=.deps --exclude='*.[oa]' --exclude=./Makefile --exclude=./config.status \
			--exclude=./config.h -cf "$2.tar" .
	fi || return 1
	tar -C "$2" --no-same-owner -xf "$2.tar" && rm -f "$2.tar" "$2.files"
}

# The ordinary user of the runs, in $run_user: the caller, or for root the one
# who called sudo, or sif-test, which is created when it does not exist. Running
# as root would prove nothing.
host_user() {
	if [ "$(id -u)" != 0 ]; then
		run_user=$(id -un)
		return 0
	fi
	run_user=${SIF_TEST_USER:-${SUDO_USER:-sif-test}}
	[ "$run_user" != root ] || run_user=sif-test
	if ! getent passwd "$run_user" >/dev/null; then
		useradd --create-home --shell /bin/bash "$run_user" ||
			die "cannot create the ordinary user $run_user"
		say "created the ordinary user $run_user for the runs"
	fi
	[ "$(id -u "$run_user")" != 0 ] || die "$run_user is root; name an ordinary user in SIF_TEST_USER"
}

# A range of subordinate ids for $run_user, behind those that others have. useradd
# gives one as a rule; sif needs none, mmdebstrap and a few tests do.
has_subids() {
	grep -q "^$run_user:" /etc/subuid 2>/dev/null && grep -q "^$run_user:" /etc/subgid 2>/dev/null
}

next_subids() {
	cat /etc/subuid /etc/subgid 2>/dev/null |
		awk -F: 'BEGIN { n = 100000 } $2 + $3 > n { n = $2 + $3 } END { printf "%d-%d", n, n + 65535 }'
}

host_subids() {
	! has_subids || return 0
	range=$(next_subids)
	if as_root usermod --add-subuids "$range" --add-subgids "$range" "$run_user"; then
		say "$run_user had no subordinate ids; $range given, as Debian's useradd does"
	else
		say "$run_user has no subordinate ids: an administrator types:
  usermod --add-subuids $range --add-subgids $range $run_user"
	fi
}

# exec_as_user CMD...: become $run_user, with a login's environment and no more;
# as_user does it in a child. Variables named in $user_keep pass.
exec_as_user() {
	user_home=$(getent passwd "$run_user" | cut -d: -f6)
	for var in ${user_keep-} TERM; do
		eval "user_value=\${$var-}"
		[ -z "$user_value" ] || set -- "$var=$user_value" "$@"
	done
	set -- env -i HOME="$user_home" USER="$run_user" LOGNAME="$run_user" SHELL=/bin/bash \
		PATH=/usr/local/bin:/usr/bin:/bin LANG=C.UTF-8 "$@"
	if [ "$(id -u)" = 0 ]; then
		set -- setpriv --reuid="$run_user" --regid="$(id -g "$run_user")" --init-groups "$@"
	fi
	exec "$@"
}

as_user() {
	(exec_as_user "$@")
}
