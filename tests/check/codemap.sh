#!/bin/sh
# docs/ARCHITECTURE.md is true: every path that it names exists, and every
# folder with sources is named in it.
cd "${top_srcdir:-.}" || exit 1
map=docs/ARCHITECTURE.md
bad=0

# `path` with a slash or an ending; globs and installed paths are not ours
for path in $(grep -oE '`[a-zA-Z0-9_./-]+`' $map | tr -d '`' | sort -u); do
	case $path in
	/* | ../* | libexec/* | ./*) continue ;;
	*/* | *.[ch] | *.sh | *.mk | *.md) ;;
	*) continue ;;
	esac
	[ -e "$path" ] || [ -n "$(find base image runtime cmd tests docs -path "*/$path" 2>/dev/null)" ] || {
		echo "$map names '$path', which does not exist"
		bad=1
	}
done

for dir in $(find base image runtime cmd slurm-plugin tests -name '*.[ch]' 2>/dev/null | sed 's,/[^/]*$,,' | sort -u); do
	case $dir in tests/*) dir=tests ;; esac
	grep -qF "\`$dir/\`" $map || {
		echo "$map does not name the folder '$dir/'"
		bad=1
	}
done
[ $bad = 0 ] && echo 'codemap: true'
exit $bad
