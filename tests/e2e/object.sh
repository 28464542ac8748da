# sif object: what a user of the command line sees.
. "$top_srcdir/tests/lib/e2e.sh"
cd "$T" || exit 1
printf payload >f
printf second >g
o() { "$SIF" object "$@"; }

check "new" o new a.sif
equal "an image is executable" 755 "$(stat -c %a a.sif)"
refuse "new does not replace" 2 "'a.sif' exists already" "$SIF" object new a.sif
check "new --force does" o new --force a.sif
check "add" o add --datatype generic --filename name --groupid 1 a.sif f
refuse "a closed standard input is not the image itself" 3 'Bad file descriptor' \
	sh -c '"$SIF" object add --datatype json a.sif - <&-'
check "add from standard input" sh -c 'printf second | "$SIF" object add a.sif - --datatype json'
prints "dump" payload o dump 1 a.sif
prints "dump of the second" second o dump 2 a.sif
dump_to_pipe() { o dump 1 a.sif | cat; }
prints "dump into a pipe" payload dump_to_pipe
equal "list" '   1     1        -        32176            7  Generic/Raw                                  name' \
	"$(o list a.sif | sed -n 2p)"
need jq
equal "list --json" '[[1,"generic",1,7,"name"],[2,"json",null,6,""]]' \
	"$(o list --json a.sif | jq -c '[.objects[] | [.id, .type, .group, .size, .name]]')"
equal "info --json" '"generic"' "$(o info 1 a.sif --json | jq .type)"
equal "header --json" 46 "$(o header --json a.sif | jq .descriptors.free)"

refuse "an object that is not there" 1 "object 9 not found in 'a.sif'" "$SIF" object info 9 a.sif
refuse "nor to be deleted" 1 "object 9 not found in 'a.sif'" "$SIF" object delete 9 a.sif
refuse "an id that is no number" 2 "object id: .*'x'" "$SIF" object info x a.sif
refuse "a file that is not there" 3 "'none.sif'" "$SIF" object list none.sif
refuse "a file that is no image" 3 "'f': not a SIF image" "$SIF" object list f
refuse "a folder" 3 "not a regular file|s a directory" "$SIF" object list .
mkfifo fifo
refuse "a FIFO does not hold us up" 3 "not a regular file" timeout 5 "$SIF" object list fifo
refuse "a word too many" 2 "too many: 'b'" "$SIF" object list a.sif b
refuse "a word missing" 2 "missing" "$SIF" object add --datatype 7 a.sif
refuse "no type" 2 "--datatype is needed" "$SIF" object add a.sif f
refuse "an unknown type" 2 "'nonsense' is not known" "$SIF" object add --datatype nonsense a.sif f
refuse "a partition without its words" 2 "--partfs" "$SIF" object add --datatype 4 a.sif f
refuse "an unknown architecture" 2 "no architecture 'vax'" \
	"$SIF" object add --datatype 4 --partfs 1 --parttype 2 --partarch vax a.sif f
refuse "the image itself" 2 "to itself" "$SIF" object add --datatype 7 a.sif a.sif
refuse "an odd alignment" 2 "power of two" "$SIF" object add --datatype 7 --alignment 3 a.sif f
refuse "a long name" 2 "longer than 128" \
	"$SIF" object add --datatype 7 --filename "$(printf %0129d 1)" a.sif f
check "a primary partition" o add --datatype 4 --partfs squashfs --parttype primary --partarch arm64 a.sif f
refuse "a second one" 2 "primary partition already \(object 3\)" \
	"$SIF" object add --datatype 4 --partfs 1 --parttype 2 --partarch 2 a.sif f
check "a system partition" o add --datatype 4 --partfs squashfs --parttype system --partarch amd64 a.sif g
check "set-primary" o set-primary 4 a.sif
equal "moves it" 4 "$(o list --json a.sif | jq '.objects[] | select(.partition == "primary").id')"
equal "and the header's architecture" '"amd64"' "$(o header --json a.sif | jq .arch)"
refuse "set-primary wants a system partition" 2 "object 1 .*is not a system partition" \
	"$SIF" object set-primary 1 a.sif

cp a.sif b.sif
check "delete" o delete 4 a.sif
equal "leaves the size" "$(stat -c %s b.sif)" "$(stat -c %s a.sif)"
check "delete --compact" o delete --compact 3 a.sif
equal "cuts the file off" 32189 "$(stat -c %s a.sif)"
check "delete --zero" o delete --zero 1 a.sif
equal "leaves zeros" 00000000000000 "$(od -An -tx1 -j32176 -N7 a.sif | tr -d ' ')"
equal "and the other object" second "$(o dump 2 a.sif)"

# Control characters of an image do not reach a terminal.
check "a nasty name" o add --datatype 7 --filename "$(printf '\033[2Jx')" a.sif f
equal "is shown escaped" 1 "$(o list a.sif | grep -c '\\x1b\[2Jx')"

# A failure leaves the image as it was.
cp a.sif c.sif
printf unreadable >h
chmod 0 h
refuse "a file that cannot be read" 3 "'h'" "$SIF" object add --datatype 7 a.sif h
check "changes nothing" cmp a.sif c.sif
chmod 444 a.sif
refuse "an image that cannot be written" 3 "'a.sif'" "$SIF" object delete 2 a.sif
check "changes nothing, either" cmp a.sif c.sif
equal "standard output that is full is told" 3 "$(o list b.sif >/dev/full 2>/dev/null; echo $?)"
