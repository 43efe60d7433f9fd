#!/bin/sh
# Publishes tests/targets/waits and records its memory with the runtime's own createdump, as record.sh does with the site.
#   tests/targets/record_waits.sh [-o DIR] [VERSION...]     (8.0.33 9.0.22 10.0.14)
# Writes DIR/waits-netMAJOR-x64.dmp and keeps DIR/waits-app-VERSION, whose libmscordaccore.so the peers in bench/peers need. The fixture is then
#   dotnet clrmd.dll DIR/waits-netMAJOR-x64.dmp truth TRUTH --dac DIR/waits-app-VERSION/libmscordaccore.so     (of TRUTH, what tests ask for)
#   heapgraph slim --stacks -o SLIM DIR/waits-netMAJOR-x64.dmp, and SLIM compressed by zstd -19 --long=27
set -eu
here=$(cd "$(dirname "$0")" && pwd)
out=$PWD/recorded
while getopts o: option; do
    case $option in
    o) out=$OPTARG ;;
    *) exit 64 ;;
    esac
done
shift $((OPTIND - 1))
mkdir -p "$out"
out=$(cd "$out" && pwd)
app=/waits                      # where the program lives while it is recorded: its path is in the dump

for version in ${*:-8.0.33 9.0.22 10.0.14}; do
    major=${version%%.*}
    if [ ! -x "$out/waits-app-$version/Waits" ]; then
        cp -r "$here/waits" "$out/build-waits"
        dotnet publish "$out/build-waits/Waits.csproj" -c Release -f "net${version%.*}" -v quiet --nologo \
            -p:RuntimeFrameworkVersion="$version" -o "$out/waits-app-$version"
        rm -rf "$out/build-waits"
    fi
    rm -rf "$app"
    cp -r "$out/waits-app-$version" "$app"
    cd "$app"
    : >"$out/waits.log"
    env -i HOME=$app ./Waits >"$out/waits.log" 2>&1 &
    process=$!
    trap 'kill -9 $process 2>/dev/null' EXIT
    tries=0
    until grep -q '^ready' "$out/waits.log"; do
        tries=$((tries + 1))
        [ $tries -lt 120 ] || { cat "$out/waits.log" >&2; exit 1; }
        sleep 0.5
    done
    ./createdump --withheap -f "$out/waits-net$major-x64.dmp" "$process" >>"$out/waits.log"
    kill -9 "$process"
    wait "$process" 2>/dev/null || :
    trap - EXIT
    cd "$out"
    for word in "$(uname -n)" "$out" "$here"; do
        [ ${#word} -ge 4 ] || continue
        if LC_ALL=C grep -aqF "$word" "$out/waits-net$major-x64.dmp"; then
            echo "record_waits.sh: waits-net$major-x64.dmp holds '$word'" >&2
            exit 1
        fi
    done
    echo "recorded waits-net$major-x64.dmp ($version)"
done
rm -rf "$app"
