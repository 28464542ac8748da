# Damaged SquashFS images: refused with a reason or read as far as they are
# sound; never a crash, a hang, or much memory. Run it in a sanitizer build, too.
# SEED=N FLIPS=N: other damage, more of it.
. "$top_srcdir/tests/lib/e2e.sh"
need python3 mksquashfs
need_tool lib/squash_dump
need_tool fuzz/fuzz_squash
mkdir "$T/work"
check "every damaged image is handled" python3 "$top_srcdir/tests/hostile/squash_damage.py" \
	--dump "$TOOLS/lib/squash_dump" --fuzz "$TOOLS/fuzz/fuzz_squash" --sif "$SIF" --work "$T/work" \
	--shared "${SIF_SHARED-}" --seed "${SEED:-1}" --flips "${FLIPS:-1000}"
cat "$T/.out"
