#!/bin/sh
# Publishes the program of collections/, lets it write down what it holds, records its memory with the runtime's own createdump, and makes
# fixtures of it: collections-NAME-x64.dmp.zst, slimmed, beside collections-NAME-x64.items.json. Needs the .NET SDK (10 or later) and a
# built heapgraph.
#   tests/targets/record_collections.sh OUT HEAPGRAPH [NAME...]       (NAME: net8, net10)
set -eu
[ $# -ge 2 ] || { sed -n 's/^#   //p' "$0" >&2; exit 64; }
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
out=$(cd "$1" && pwd) heapgraph=$2
shift 2
fixtures=$here/../fixtures/collections
app=/srv/collections            # where the program lives while it is recorded: its path is in the dump
limit=2000000                   # bytes of one compressed dump
mkdir -p "$fixtures"

# nothing of the recording machine may be in a dump that is given away
check_clean() {
    for word in "$(uname -n)" "$out" "$here" "$HOME/"; do
        [ ${#word} -ge 4 ] || continue
        wide=$(printf %s "$word" | sed 's/./&\\x00/g; s/\./\\./g')
        if LC_ALL=C grep -aqF "$word" "$1" || LC_ALL=C grep -aqP "$wide" "$1"; then
            echo "record_collections.sh: $1 holds '$word'" >&2
            exit 1
        fi
    done
}

for name in ${*:-net8 net10}; do
    case $name in
    net8) version=8.0.33 ;;
    net10) version=10.0.14 ;;
    *) echo "record_collections.sh: no recording is called $name" >&2; exit 64 ;;
    esac
    if [ ! -x "$out/app-$version/Collections" ]; then
        cp -r "$here/collections" "$out/build"
        dotnet publish "$out/build/Collections.csproj" -c Release -f "net${version%.*}" -v quiet --nologo \
            -p:RuntimeFrameworkVersion="$version" -o "$out/app-$version"
        rm -rf "$out/build"
    fi
    rm -rf "$app"
    mkdir -p "${app%/*}"
    cp -r "$out/app-$version" "$app"
    stem=collections-$name-x64
    cd "$app"
    : >"$out/app.log"
    if unshare --uts true 2>/dev/null; then
        unshare --uts sh -c "hostname site; exec env -i HOME=$app TRUTH=/tmp/items.json ./Collections" >"$out/app.log" &
    else
        env -i HOME=$app TRUTH=/tmp/items.json ./Collections >"$out/app.log" &
    fi
    process=$!
    trap 'kill -9 $process 2>/dev/null' EXIT
    tries=0
    until grep -q '^ready' "$out/app.log"; do
        tries=$((tries + 1))
        [ $tries -lt 600 ] || { echo "record_collections.sh: the program is not ready" >&2; exit 1; }
        sleep 0.1
    done
    "$app/createdump" --withheap -f "$out/$stem.dmp" $process >>"$out/app.log"
    chmod 644 "$out/$stem.dmp"
    kill -9 $process
    wait $process 2>/dev/null || :
    trap - EXIT
    check_clean "$out/$stem.dmp"
    mv /tmp/items.json "$fixtures/$stem.items.json"
    cd "$out"
    "$heapgraph" slim -o "$out/slim.dmp" "$out/$stem.dmp"
    zstd -q -19 --long=27 -f --rm "$out/slim.dmp" -o "$fixtures/$stem.dmp.zst"
    size=$(wc -c <"$fixtures/$stem.dmp.zst")
    echo "$stem: $size bytes"
    [ "$size" -le $limit ] || { echo "record_collections.sh: $stem is over $limit bytes" >&2; exit 1; }
done
rm -rf "$app"
