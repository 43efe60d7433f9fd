#!/bin/sh
# Makes fixtures of recorded dumps: ClrMD's answers about the whole dump, and the dump itself made small by `heapgraph slim`, compressed.
# Needs what record.sh left, a built heapgraph, and bench/peers/clrmd built (its README says how).
#   tests/targets/fixtures.sh RECORDED HEAPGRAPH CLRMD.DLL [NAME.STATE...]       (NAME.STATE: net10.before, net9-segments.before, ...)
set -eu
[ $# -ge 3 ] || { sed -n 's/^#   //p' "$0" >&2; exit 64; }
recorded=$1 heapgraph=$2 clrmd=$3
shift 3
fixtures=$(cd "$(dirname "$0")/../fixtures" && pwd)/linux
limit=6000000                   # bytes of one compressed dump

for which in ${*:-net8.before net9.before net10.before net10.after net9-segments.before net10-server.before}; do
    stem=site-${which%.*}-x64.${which##*.}
    version=$(cd "$recorded" && ls -d app-* | sed -n "s/^app-\($(echo "$which" | sed 's/^net\([0-9]*\).*/\1/')\..*\)/\1/p" | tail -n 1)
    rm -rf "$fixtures/$stem.truth" "$fixtures/$stem.truth.new"
    dotnet "$clrmd" "$recorded/$stem.dmp" truth "$fixtures/$stem.truth.new" --dac "$recorded/app-$version/libmscordaccore.so"
    mv "$fixtures/$stem.truth.new" "$fixtures/$stem.truth"
    "$heapgraph" slim -o "$recorded/slim.dmp" "$recorded/$stem.dmp"
    zstd -q -19 --long=27 -f --rm "$recorded/slim.dmp" -o "$fixtures/$stem.dmp.zst"
    size=$(wc -c <"$fixtures/$stem.dmp.zst")
    echo "$stem: $size bytes"
    [ "$size" -le $limit ] || { echo "fixtures.sh: $stem is over $limit bytes" >&2; exit 1; }
done
