#!/bin/sh
# Every JSON document keeps the contract of tools/JSON.md, and says the same as other documents do.
# usage: check_json.sh HEAPGRAPH JSON_CONTRACT SOURCE_DIR
set -u
program=$1
contract=$2
source=$3
work=$(mktemp -d "${TMPDIR:-/tmp}/hgr_json.XXXXXX")
trap 'rm -rf "$work"' EXIT
zstd -q -d --long=27 "$source/tests/fixtures/linux/site-net10-x64.before.dmp.zst" -o "$work/site.dmp" || exit 1
zstd -q -d --long=27 "$source/tests/fixtures/linux/site-net10-x64.after.dmp.zst" -o "$work/after.dmp" || exit 1
bad=0

# json COMMAND ARGUMENTS...: run, check, leave the document in $work/doc
json() {
  command=$1
  "$program" "$@" --json > "$work/doc" 2> "$work/err"
  code=$?
  [ $code -le 1 ] || { echo "heapgraph $*: exit $code: $(cat "$work/err")"; bad=1; return; }
  "$contract" "$source/tools/JSON.md" "$command" < "$work/doc" 2> "$work/breaches" ||
    { echo "heapgraph $*:"; sort -u "$work/breaches" | head -10; bad=1; }
}
first() { # the first value of a key that holds an address
  sed -n "s/.*\"$1\": \"\(0x[0-9a-f]*\)\".*/\1/p" "$work/doc" | head -1
}

json info "$work/site.dmp"
json info "$work/site.dmp" --modules "$work" --totals
json types "$work/site.dmp"
json types "$work/site.dmp" --by generation
json types "$work/site.dmp" --by namespace --retained
json types "$work/site.dmp" --by assembly
json types "$work/site.dmp" --addresses --set reachable
json list "$work/site.dmp" --retained
json list "$work/site.dmp" --set free
json dominators "$work/site.dmp"
json roots "$work/site.dmp" --retained
json roots "$work/site.dmp" --retained --kind static
json segments "$work/site.dmp"
json segments "$work/site.dmp" --pinned
json memory "$work/site.dmp"
json exceptions "$work/site.dmp"
json exceptions "$source/tests/fixtures/waits/waits-net9-x64.dmp.zst" --top 3
json threadpool "$work/site.dmp"
json threadpool "$source/tests/fixtures/waits/waits-net8-x64.dmp.zst"
json threadpool "$source/tests/fixtures/windows/net-6.0.13-x64-wks.dmp.zst"
json domains "$work/site.dmp"
json domains "$source/tests/fixtures/waits/waits-net9-x64.dmp.zst"
json domains "$source/tests/fixtures/windows/net-6.0.13-x64-wks.dmp.zst"
json memory "$source/tests/fixtures/windows/netcore-2.1.8-x86-big.dmp.zst" --kind images
json check "$work/site.dmp"
json handles "$work/site.dmp"
json handles "$work/site.dmp" --retained
json handles "$work/site.dmp" --retained --kind dependent
for waits in 8 9 10; do
  json locks "$source/tests/fixtures/waits/waits-net$waits-x64.dmp.zst"
  json locks "$source/tests/fixtures/waits/waits-net$waits-x64.dmp.zst" --heap
done
for stacks in 8 9 10; do
  json threads "$source/tests/fixtures/linux/stacks-net$stacks-x64.dmp.zst" --retained
  json stacks "$source/tests/fixtures/linux/stacks-net$stacks-x64.dmp.zst"
  json stacks "$source/tests/fixtures/linux/stacks-net$stacks-x64.dmp.zst" --objects --native
done
json threads "$work/site.dmp"
json stacks "$work/site.dmp" --objects
json locks "$work/site.dmp"
json locks "$source/tests/fixtures/linux/site-net9-x64.before.dmp.zst"
json finalizer "$work/site.dmp"
json finalizer "$work/site.dmp" --retained
json finalizer "$work/site.dmp" --kind ready --retained
json path "$work/site.dmp" --to 'type=System.String'
json path "$work/site.dmp" --to loh
json diff "$work/site.dmp" "$work/after.dmp" --fail-over "1T; type=Nobody:1; path=strong handle:100%"
json diff "$work/site.dmp" "$work/site.dmp" "$work/after.dmp" --top 5
json diff "$work/site.dmp"
cp "$work/doc" "$work/base.json"
json diff "$work/base.json" "$work/after.dmp"
json diff "$work/site.dmp" "$work/after.dmp" --no-objects
json diff "$work/site.dmp" "$work/after.dmp" --set 'gone or grown'
json diff "$work/site.dmp" "$work/after.dmp" --set 'new and type=System.String'
json diff "$work/site.dmp" "$source/tests/fixtures/linux/site-net9-x64.before.dmp.zst"
collections=$source/tests/fixtures/collections/collections-net10-x64.dmp.zst
for shown in Ages Grid Text Stream Notes ImArray Jobs; do
  json show "$collections" "Lab.Store.$shown"
done
json show "$collections" Lab.Program.Values
json show "$collections" Lab.Program.Values.Failure --retained --statics
json show "$collections" Lab.Program.AnInt
json show "$collections" Lab.Program.Values.Nested
json show "$collections" Lab.Program.Values --statics --retained
json statics "$collections" --nulls
json statics "$collections" --retained
json strings "$collections"
json strings "$collections" --match '*o*' --sort count
json list "$collections" --set 'type=Lab.Person' --where 'Age>1' --fields 'Name,Boss.Name,Nothing'
json list "$collections" --set 'type=Lab.Person' --count-by Age
json slim "$work/site.dmp" -o "$work/slim.dmp"
json retained "$work/site.dmp" --set 'type=System.String'
json retained "$work/site.dmp"
address=$(first address)
json path "$work/site.dmp" "$address"
json path "$work/site.dmp" "$address" --all
json refs "$work/site.dmp" "$address"
json refs "$work/site.dmp" "$address" --in
exit $bad
