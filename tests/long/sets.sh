# The property tests and the hostile images with LONG_SEEDS (10) other seeds.
set -u
: "${top_srcdir:?run it by make check-long}" "${top_builddir:?}"
cd "$top_builddir" || exit 1
make -s stage >/dev/null || exit 1
first=${SEED:-1000}
seed=$first
failed=0
while [ "$seed" -lt $((first + ${LONG_SEEDS:-10})) ]; do
	echo "seed $seed"
	SEED=$seed ROUNDS=${ROUNDS:-20} FLIPS=${FLIPS:-5000} timeout -k 20 1800 \
		sh "$top_srcdir/tests/run-e2e.sh" --prefix "$top_builddir/stage/moved" --tools "$top_builddir/tests" \
		--limit 900 prop hostile || failed=1
	seed=$((seed + 1))
done
exit $failed
