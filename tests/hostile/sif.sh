# Hostile SIF files against everything that reads their header: 129 crafted
# ones, each with one defect, and seeded mutants. Crashes, sanitizer reports,
# hangs, memory above 256 MiB, silence about the reason and wrong verdicts all
# count as failures. MUTANTS sets how many (2000).
. "$top_srcdir/tests/lib/e2e.sh"
need_shared
need mksquashfs python3
small_tree "$T/tree"
craft=$SIF_SHARED/adversarial/sif/sifcraft.py
judge=$SIF_SHARED/adversarial/run_cases.py
mksquashfs "$T/tree" "$T/tree.sqfs" -noappend -quiet -no-progress -all-root >/dev/null 2>&1 || fail "mksquashfs"
mkdir "$T/cases" "$T/mutants" "$T/canary"
python3 "$craft" cases "$T/tree.sqfs" "$T/cases" >/dev/null

# What only those who run, mount or verify must refuse: a partition that cannot
# be run, a signature that is none. It can be listed, and deleted.
unrunnable='part_arch_other d_unused_primary p_fstype_0 p_fstype_99 p_fstype_-1 p_fs_raw
	p_fs_encrypted_is_plain p_parttype_0 p_parttype_99 p_parttype_-1 p_no_partition
	o_sig_empty o_sig_garbage o_sig_hash_0'
# Inspecting reads the superblock of the primary partition, listing does not.
unreadable='p_not_squashfs p_squash_len_short d_len_zero'

# expect OUT NAME... : cases.tsv with these cases as good ones
expect() {
	awk -F '\t' -v OFS='\t' -v names="$2" '
		BEGIN { n = split(names, list, " "); for (i = 1; i <= n; i++) good[list[i] ".sif"] = 1 }
		$1 in good { $3 = "ok" }
		{ print }' "$T/cases/cases.tsv" >"$T/cases/$1"
}
expect list.tsv "$unrunnable $unreadable"
expect inspect.tsv "$unrunnable"
expect run.tsv 'o_sig_empty o_sig_garbage o_sig_hash_0'

# hostile NAME TABLE COMMAND [OPTION...]
hostile() {
	hostile_name=$1 hostile_table=$2 hostile_cmd=$3
	shift 3
	if python3 "$judge" --table "$hostile_table" --cmd "$hostile_cmd" --canary "$T/canary" --timeout 20 "$@" \
		>"$T/said" 2>&1; then
		ok "$hostile_name: $(tail -n 1 "$T/said"), $(grep -o 'max RSS.*' "$T/said")"
	else
		fail "$hostile_name" "$(tail -n 40 "$T/said")"
	fi
}
cd "$T/canary" || exit 1
hostile "object list, crafted" "$T/cases/list.tsv" "$SIF object list {f}"
hostile "object list --json, crafted" "$T/cases/list.tsv" "$SIF object list --json {f}"
hostile "inspect --json, crafted" "$T/cases/inspect.tsv" "$SIF inspect --json {f}"
if unshare -Ur true 2>/dev/null && [ -r /dev/fuse ] && [ -w /dev/fuse ]; then
	hostile "exec, crafted" "$T/cases/run.tsv" "$SIF exec {f} /bin/true" --rss 0
else
	skip_one "exec, crafted" "no user namespaces or no /dev/fuse here"
fi

# The image of a packer's metadata, definition and signature, mutated.
python3 "$craft" build "$T/tree.sqfs" "$T/base.sif"
printf '{"data":{"attributes":{"labels":{"a":"b"},"runscript":"#!/bin/sh"}},"type":"container"}' |
	"$SIF" object add --datatype json --filename inspect-metadata.json --groupid 1 "$T/base.sif" -
printf signature | "$SIF" object add --datatype signature --signhash 1 --link-group 1 \
	--signentity 0123456789abcdef0123456789abcdef01234567 "$T/base.sif" -
mutants=${MUTANTS:-2000}
python3 "$craft" mutate "$T/base.sif" "$T/mutants" --seed 7 --n "$mutants"
hostile "object list, $mutants mutants" "$T/mutants/mutants.tsv" "$SIF object list {f}"
hostile "inspect, mutants" "$T/mutants/mutants.tsv" "$SIF inspect {f}" --limit $((mutants / 4))

# A change of a mutant leaves a file that is still read, or leaves it alone.
changed=0
for each in "$T/mutants"/m7_0000*.sif "$T/mutants"/m7_0010*.sif; do
	"$SIF" object list "$each" >/dev/null 2>&1 || continue
	if echo x | "$SIF" object add --datatype 7 "$each" - 2>"$T/said"; then
		"$SIF" object list "$each" >/dev/null 2>"$T/said" || fail "adding to $(basename "$each")" "$(cat "$T/said")"
		changed=$((changed + 1))
	elif grep -qE 'Sanitizer|runtime error' "$T/said"; then
		fail "adding to $(basename "$each")" "$(cat "$T/said")"
	fi
done
[ $changed -gt 10 ] && ok "objects were added to $changed mutants" || fail "objects added to mutants" "only $changed"
