#!/bin/sh
# plot.sh RANKS.TSV OUT.png: time until all of 1 to 128 launches of /bin/true have
# ended, for us and each peer that ranks.py found. By gnuplot, from the rows
#	point <tab> ranks <tab> NAME <tab> RANKS <tab> MEDIAN <tab> LOW <tab> HIGH
set -eu
tsv=$1
out=$2
command -v gnuplot >/dev/null || { echo "plot.sh: gnuplot is not installed (package gnuplot-nox)" >&2; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
curves=
n=0
awk -F '\t' '$1 == "point" && $2 == "ranks" && !seen[$3]++ { print $3 }' "$tsv" >"$work/names"
while IFS= read -r name; do
	n=$((n + 1))
	awk -F '\t' -v OFS='\t' -v name="$name" '$1 == "point" && $2 == "ranks" && $3 == name { print $4, $5, $6, $7 }' \
		"$tsv" >"$work/$n"
	curves="$curves${curves:+, }'$work/$n' using 1:2:3:4 with yerrorlines linewidth 2 title '$name'"
done <"$work/names"
[ "$n" != 0 ] || { echo "plot.sh: no points in '$tsv'" >&2; exit 1; }
gnuplot <<END
set terminal pngcairo size 900,600 font 'DejaVu Sans,11'
set output '$out'
set logscale xy
set xtics (1, 2, 4, 8, 16, 32, 64, 128)
set xrange [0.9:150]
set xlabel 'launches of /bin/true at once'
set ylabel 'ms until all have ended (median, 95 % interval)'
set key left top
set grid
plot $curves
END
