# Both ways with siftool, the reference's own tool: it reads what we write, we
# read what it writes, and both do the same to the same file.
. "$top_srcdir/tests/lib/e2e.sh"
need siftool
ln -s "$SIF" "$T/apptainer"
theirs() { siftool "$@"; }
ours() { "$T/apptainer" sif "$@"; }
head -c 5000 /dev/urandom >"$T/part"
printf '{"a": "b"}' >"$T/json"
printf 'bootstrap: scratch\n' >"$T/def"
key=12045C8C0B1004D058DE4BEDA20C27EE7FF7BA84

# One sequence of steps; $1 does them.
build() {
	"$1" new "$2" &&
		"$1" add --datatype 1 --groupid 1 "$2" "$T/def" &&
		"$1" add "$2" "$T/json" --datatype 6 --groupid 1 --filename inspect-metadata.json &&
		"$1" add --datatype 4 --partfs 1 --parttype 2 --partarch 2 --groupid 1 "$2" "$T/part" &&
		"$1" add --datatype 4 --partfs 1 --parttype 1 --partarch 4 --groupid 2 "$2" "$T/part" &&
		"$1" add --datatype 4 --partfs 2 --parttype 4 --partarch 12 "$2" "$T/part" &&
		"$1" add --datatype 5 --signhash 2 --signentity $key --groupid 1 --link 3 "$2" "$T/def" &&
		"$1" add --datatype 9 --sbomformat spdx-json --alignment 64 "$2" "$T/json" &&
		"$1" add --datatype 7 --groupid 7 "$2" "$T/json" &&
		"$1" del 2 "$2"
}
check "ours is built" build ours "$T/ours.sif"
check "theirs is built" build theirs "$T/theirs.sif"

# The two differ by UUID and times only: those are printed, and cut out here.
listed() { "$1" list "$2"; for id in 1 3 4 5 6 7 8; do "$1" info $id "$2"; done; "$1" header "$2"; }
quiet() { listed "$@" | grep -vE '^ *(ID: +[0-9a-f]+-|Created At|Modified At)'; }
quiet theirs "$T/theirs.sif" >"$T/1"
quiet theirs "$T/ours.sif" >"$T/2"
quiet ours "$T/theirs.sif" >"$T/3"
check "it reads what we write as what it writes" cmp "$T/1" "$T/2"
check "we read what it writes as it does" cmp "$T/1" "$T/3"
listed theirs "$T/ours.sif" >"$T/4"
listed ours "$T/ours.sif" >"$T/5"
check "both print the same of ours, times included" cmp "$T/4" "$T/5"
listed theirs "$T/theirs.sif" >"$T/6"
listed ours "$T/theirs.sif" >"$T/7"
check "both print the same of theirs, times included" cmp "$T/6" "$T/7"

bytes_match() {
	for id in 1 3 4 5 6 7 8; do
		theirs dump $id "$T/ours.sif" >"$T/a" && ours dump $id "$T/theirs.sif" >"$T/b" && cmp "$T/a" "$T/b" ||
			return 1
	done
}
check "each dumps the other's objects" bytes_match

# Beside times and UUID, the files are the same bytes: two files of one second.
same_bytes() {
	for try in 1 2 3 4 5; do
		rm -f "$T/x.sif" "$T/y.sif"
		build theirs "$T/x.sif" && build ours "$T/y.sif" || return 1
		cmp -l "$T/x.sif" "$T/y.sif" >"$T/differ"
		[ "$(awk '$1 <= 48 || $1 > 64' "$T/differ" | wc -l)" != 0 ] || return 0
	done
	cat "$T/differ"
	return 1
}
check "the same steps in one second make the same file but for the UUID" same_bytes

check "we change its file" ours setprim 4 "$T/theirs.sif"
# Its release in Debian writes Go's name where the code of the architecture
# belongs; both know the header's.
cp "$T/ours.sif" "$T/copy.sif"
check "it changes ours" theirs setprim 4 "$T/copy.sif"
ours list "$T/copy.sif" | grep '^4' >"$T/8"
equal "we see through its set-primary" 'FS (Squashfs/*System/arm64)' "$(cut -d'|' -f5 <"$T/8")"
check "we change ours" ours setprim 4 "$T/ours.sif"
ours list "$T/theirs.sif" | grep '^4' >"$T/8"
equal "set-primary shows" 'FS (Squashfs/*System/arm64)' "$(cut -d'|' -f5 <"$T/8")"
equal "the header's architecture shows to both" "$(theirs header "$T/ours.sif" | grep Arch)" \
	"$(ours header "$T/theirs.sif" | grep Arch)"
check "it deletes from ours" theirs del 3 "$T/ours.sif"
check "we add behind it" ours add --datatype 7 "$T/ours.sif" "$T/json"
theirs list "$T/ours.sif" >"$T/9"
ours list "$T/ours.sif" >"$T/10"
check "and both list the same" cmp "$T/9" "$T/10"
