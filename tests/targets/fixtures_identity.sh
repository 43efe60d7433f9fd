#!/bin/sh
# Makes fixtures of recorded pairs of one process: which object is which, by the ids that ClrMD finds in the whole dumps, and the dumps themselves
# made small by `heapgraph slim`, compressed. Needs what record_identity.sh left, a built heapgraph, and bench/peers/clrmd built (its README says how).
#   tests/targets/fixtures_identity.sh RECORDED HEAPGRAPH CLRMD.DLL [NAME...]       (NAME: net10-compact10, ...)
set -eu
[ $# -ge 3 ] || { sed -n 's/^#   //p' "$0" >&2; exit 64; }
recorded=$1 heapgraph=$2 clrmd=$3
shift 3
fixtures=$(cd "$(dirname "$0")/../fixtures" && pwd)/identity
limit=1000000                   # bytes of one compressed dump
mkdir -p "$fixtures"

for name in ${*:-net10-sweep10 net10-natural10 net8-compact10 net10-compact50 net10-server50}; do
    version=$(cd "$recorded" && ls -d app-* | sed -n "s/^app-\($(echo "$name" | sed 's/^net\([0-9]*\).*/\1/')\..*\)/\1/p" | tail -n 1)
    for state in before after; do
        stem=depot-$name-x64.$state
        rm -rf "$fixtures/$stem.truth" "$fixtures/$stem.truth.new"
        dotnet "$clrmd" "$recorded/$stem.dmp" identity "$fixtures/$stem.truth.new" --dac "$recorded/app-$version/libmscordaccore.so"
        mv "$fixtures/$stem.truth.new" "$fixtures/$stem.truth"
        "$heapgraph" slim -o "$recorded/slim.dmp" "$recorded/$stem.dmp"
        zstd -q --ultra -22 --long=27 -f --rm "$recorded/slim.dmp" -o "$fixtures/$stem.dmp.zst"
        size=$(wc -c <"$fixtures/$stem.dmp.zst")
        echo "$stem: $size bytes"
        [ "$size" -le $limit ] || { echo "fixtures_identity.sh: $stem is over $limit bytes" >&2; exit 1; }
    done
done
