#!/bin/sh
# summary.sh WORK ALLOWED: what ./check ran, from WORK/stages and WORK/results.
# Shows the log of each stage that failed, names failures and skips, and ends
# with "N passed, N failed, N skipped". Exits 0 only when nothing failed, no
# stage was lost, and every skip is allowed.
set -u
work=$1
allowed=$2
tab=$(printf '\t')

allows() { # allows NAME
	while IFS=$tab read -r condition pattern _; do
		case $condition in
		always) ;;
		no-shared) [ -z "${SIF_SHARED-}" ] || continue ;;
		*) continue ;;
		esac
		# shellcheck disable=SC2254 # a pattern on purpose
		case $1 in $pattern) return 0 ;; esac
	done <"$allowed"
	return 1
}

while IFS=$tab read -r stage code _; do
	[ "$code" != 0 ] && [ "$code" != 77 ] || continue
	printf '\n=== %s failed (exit code %s), the end of its log:\n' "$stage" "$code"
	tail -n 60 "$work/log/$stage"
	# A stage that broke off without naming a failed test is a failure itself.
	grep -q '^fail' "$work/results/$stage" 2>/dev/null || printf 'fail\t%s\t\n' "$stage" >>"$work/results/$stage"
done <"$work/stages"

printf '\n%-12s %7s %7s %7s %8s\n' stage passed failed skipped seconds
while IFS=$tab read -r stage _ took; do
	[ -f "$work/results/$stage" ] || continue
	awk -F "$tab" -v stage="$stage" -v took="$took" '{ n[$1]++ } END {
		if (n["pass"] + n["fail"] + n["skip"])
			printf "%-12s %7d %7d %7d %8d\n", stage, n["pass"], n["fail"], n["skip"], took }' \
		"$work/results/$stage"
done <"$work/stages"

cat "$work/results"/* >"$work/all"
while IFS=$tab read -r verdict name reason; do
	case $verdict in
	fail) echo "failed: $name" ;;
	skip)
		if allows "$name"; then
			echo "skipped: $name: $reason"
		else
			echo "skipped, which is not allowed here: $name: $reason"
		fi
		;;
	esac
done <"$work/all" >"$work/named"
bad=$(grep -c 'which is not allowed' "$work/named")
cat "$work/named"

passed=$(grep -c '^pass' "$work/all")
failed=$(($(grep -c '^fail' "$work/all") + bad))
skipped=$(($(grep -c '^skip' "$work/all") - bad))
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
