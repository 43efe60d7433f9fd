#!/bin/sh
# Publishes the program of stacks/, lets its threads block, and records whole memory (createdump --full): everything that unwinding needs is in it.
# Then lets ClrMD answer about it, slims it with `heapgraph slim` and compresses it: the fixtures stacks-netN-x64.
# Needs the .NET SDK (10 or later), a built heapgraph, and bench/peers/clrmd built (its README says how).
#   tests/targets/record_stacks.sh HEAPGRAPH CLRMD.DLL [NAME...]        (NAME: net8, net9, net10)
# STACKS_APP names the folder the program runs in, which is in the dump (/app); STACKS_OUT the folder for what is in between (./recorded):
# a dump that is there already is not recorded again.
set -eu
[ $# -ge 2 ] || { sed -n 's/^#   //p' "$0" >&2; exit 64; }
heapgraph=$1 clrmd=$2
shift 2
here=$(cd "$(dirname "$0")" && pwd)
fixtures=$(cd "$here/../fixtures" && pwd)/linux
app=${STACKS_APP:-/app}
out=${STACKS_OUT:-$PWD/recorded}
limit=3000000                   # bytes of one compressed dump
mkdir -p "$out"

# one dump of the program, blocked for good
record() {
    rm -rf "$app"
    cp -r "$out/stacks-$version" "$app"
    (cd "$app" && exec env -i HOME="$app" ./Stacks) >"$out/$stem.log" 2>&1 &
    program=$!
    trap 'kill -9 $program 2>/dev/null' EXIT
    tries=0
    until grep -q '^ready' "$out/$stem.log"; do
        tries=$((tries + 1))
        [ $tries -lt 300 ] || { cat "$out/$stem.log" >&2; exit 1; }
        sleep 0.2
    done
    "$app/createdump" --full -f "$out/$stem.dmp" "$program" >>"$out/$stem.log"
    kill -9 "$program"
    wait "$program" 2>/dev/null || :
    trap - EXIT
    chmod 644 "$out/$stem.dmp"
}

for name in ${*:-net8 net9 net10}; do
    case $name in
    net8) version=8.0.33 ;;
    net9) version=9.0.22 ;;
    net10) version=10.0.14 ;;
    *) echo "record_stacks.sh: no recording is called $name" >&2; exit 64 ;;
    esac
    stem=stacks-$name-x64
    if [ ! -x "$out/stacks-$version/Stacks" ]; then
        rm -rf "$out/build-$version"
        cp -r "$here/stacks" "$out/build-$version"
        dotnet publish "$out/build-$version/Stacks.csproj" -c Release -f "net${version%.*}" -v quiet --nologo \
            -p:RuntimeFrameworkVersion="$version" -o "$out/stacks-$version"
        rm -rf "$out/build-$version"
    fi
    [ -f "$out/$stem.dmp" ] || record
    rm -rf "$fixtures/$stem.truth" "$fixtures/$stem.truth.new"
    dotnet "$clrmd" "$out/$stem.dmp" truth "$fixtures/$stem.truth.new" --dac "$out/stacks-$version/libmscordaccore.so"
    rm "$fixtures/$stem.truth.new/statics.json"     # it asks for those of the site
    mv "$fixtures/$stem.truth.new" "$fixtures/$stem.truth"
    "$heapgraph" slim -o "$out/slim.dmp" "$out/$stem.dmp"
    zstd -q -19 --long=27 -f --rm "$out/slim.dmp" -o "$fixtures/$stem.dmp.zst"
    size=$(wc -c <"$fixtures/$stem.dmp.zst")
    echo "$stem: $size bytes"
    [ "$size" -le $limit ] || { echo "record_stacks.sh: $stem is over $limit bytes" >&2; exit 1; }
done
rm -rf "$app"
