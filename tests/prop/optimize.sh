# Random trees with every compressor stay what they are when they are optimized.
# SEED=N takes other trees, ROUNDS=N more of them.
. "$top_srcdir/tests/lib/e2e.sh"
need_fuse
need python3 mksquashfs unsquashfs busybox
need_tool lib/squash_dump
check "every optimized tree is the same tree" python3 "$top_srcdir/tests/prop/optimize_tree.py" \
	--dump "$TOOLS/lib/squash_dump" --sif "$SIF" --work "$T" --seed "${SEED:-1}" --rounds "${ROUNDS:-2}"
cat "$T/.out"
