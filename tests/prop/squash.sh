# Random trees packed by mksquashfs, gensquashfs and tar2sqfs with every
# compressor are the same trees to our reader, unsquashfs and squashfuse.
# SEED=N takes other trees, ROUNDS=N more of them.
. "$top_srcdir/tests/lib/e2e.sh"
need python3 mksquashfs unsquashfs gensquashfs tar2sqfs sqfs2tar squashfuse fusermount3
need_tool lib/squash_dump
check "every tree is the same to all readers" python3 "$top_srcdir/tests/prop/squash_tree.py" \
	--dump "$TOOLS/lib/squash_dump" --sif "$SIF" --work "$T" --seed "${SEED:-1}" --rounds "${ROUNDS:-2}"
cat "$T/.out"
