# Wrong words of `sif build` are refused before any work, each with a next step.
. "$top_srcdir/tests/lib/e2e.sh"
cd "$T" || exit 1
mkdir d dir
: >d/f
: >Train.sh
ln -s /nowhere dangling
tar -cf data.tar d

# refuse_both NAME STATUS CAUSE HINT CMD...: one error line and one hint, and
# nothing was made
refuse_both() {
	both=$1 both_hint=$4
	refuse "$1" "$2" "^sif: error.*$3" "$5" "$6" "$7" "$8" ${9+"$9"} ${10+"${10}"}
	cp "$T/.err" said
	check "$both: the hint" grep -q "^hint: .*$both_hint" said
	equal "$both: two lines" 2 "$(wc -l <said)"
	check "$both: no image" test ! -e x.sif
}

sif_() { "$SIF" "$@"; }
refuse_both 'no such source' 3 "'dat.tar': No such file" "did you mean 'data.tar'" sif_ build x.sif dat.tar
refuse_both 'a forgotten suffix' 3 "'data': No such file" "did you mean 'data.tar'" sif_ build x.sif data
refuse_both 'nothing like it' 3 "'zzzzzzzz': No such file" 'nothing with a similar name is in this directory' \
	sif_ build x.sif zzzzzzzz
refuse_both 'no such directory' 3 "'none/data.tar': No such file" "no directory 'none' either" sif_ build x.sif none/data.tar
refuse_both 'no runscript' 3 "runscript: cannot open 'train.sh'" "did you mean 'Train.sh'" \
	sif_ build --runscript train.sh x.sif d
refuse_both 'a directory as runscript' 3 "'d': Is a directory" 'text file' sif_ build --runscript d x.sif d
refuse_both 'no folder for the image' 3 "cannot create 'a b/x.sif'" "mkdir -p 'a b'" sif_ build 'a b/x.sif' d
refuse_both 'a directory in its place' 2 "'dir' is a directory" 'name a file in it' sif_ build dir d
refuse_both 'not even with --force' 2 "'dir' is a directory" 'name a file in it' sif_ build --force dir d
refuse_both 'a slash behind it' 2 "'dir/' names no file" "a file's name" sif_ build dir/ d
refuse_both 'no such architecture' 2 "there is no architecture 'bogus'" 'amd64, arm64' sif_ build --arch bogus x.sif d
if [ "$(id -u)" != 0 ]; then
	refuse_both 'a folder of others' 3 "cannot create '/etc/x.sif'" 'that you can write' sif_ build /etc/x.sif d
fi

closed() { "$SIF" "$@" <&-; }
folder() { "$SIF" "$@" </; }
refuse_both 'standard input is closed' 2 'standard input is closed' 'tar -c' closed build x.sif -
refuse_both 'standard input is a directory' 2 'standard input is a directory' 'tar -c' folder build x.sif -

# With descriptors closed the image's file must not become standard output.
check 'an image' "$SIF" build -q x.sif d
"$SIF" build y.sif d >&- 2>&-
check 'without standard output and error: the same' cmp x.sif y.sif
"$SIF" build -F y.sif d <&- >&- 2>&-
check 'without any: the same' cmp x.sif y.sif
