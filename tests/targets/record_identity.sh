#!/bin/sh
# Publishes the program of hidden ids (identity/), lets it change between two dumps in the ways of settings(), and records both with the
# runtime's own createdump. Needs the .NET SDK (10 or later) and, for a neutral host name in the dumps, unshare.
#   tests/targets/record_identity.sh [-o DIR] [-a FOLDER] [-n OBJECTS] [NAME...]
#     -o where to (./recorded)   -a where the program lives while it is recorded: the path is in the dumps (/srv/target)
#     -n objects in the first dump, about (20500)
# Writes DIR/depot-NAME-x64.before.dmp and .after.dmp, DIR/depot-NAME-x64.collections (how many of each generation there had been at each dump),
# and keeps DIR/app-VERSION, whose libmscordaccore.so the peers in bench/peers need.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
out=$PWD/recorded
app=/srv/target
objects=20500
while getopts o:a:n: option; do
    case $option in
    o) out=$OPTARG ;;
    a) app=$OPTARG ;;
    n) objects=$OPTARG ;;
    *) exit 64 ;;
    esac
done
shift $((OPTIND - 1))
mkdir -p "$out"
out=$(cd "$out" && pwd)
log=$out/depot.log
# shellcheck source=tests/targets/recording.sh
. "$here/recording.sh"

# runtime version, percent of churn, way of collecting and environment of a recording
settings() {
    version=10.0.12 env=DOTNET_TieredCompilation=0     # fewer pages of the runtime's own to keep
    case $1 in
    net10-sweep10) churn=10 collect=sweep ;;
    net10-natural10) churn=10 collect=natural env="$env $(printf 'DOTNET_GCgen0size=%#x DOTNET_GCgen1size=%#x' $((objects * 100)) $((objects * 6)))" ;;
    net10-compact10) churn=10 collect=compact ;;
    net10-compact50) churn=50 collect=compact ;;
    net10-server50) churn=50 collect=compact env="$env DOTNET_gcServer=1 DOTNET_GCHeapCount=2" ;;
    net8-compact10) version=8.0.33 churn=10 collect=compact ;;
    *) echo "record_identity.sh: no recording is called $1" >&2; exit 64 ;;
    esac
}

publish() {
    [ -x "$out/app-$version/Depot" ] && return
    rm -rf "$out/build-$version"
    cp -r "$here/identity" "$out/build-$version"
    dotnet publish "$out/build-$version/Identity.csproj" -c Release -f "net${version%.*}" -v quiet --nologo \
        -p:RuntimeFrameworkVersion="$version" -o "$out/app-$version"
    rm -rf "$out/build-$version"
}

# await_state N: the program says that dump N may be taken
await_state() {
    tries=0
    until [ -f "$app/state" ]; do
        tries=$((tries + 1))
        [ $tries -lt 6000 ] && kill -0 "$depot" 2>/dev/null || { cat "$log" >&2; exit 1; }
        sleep 0.1
    done
    cat "$app/state" >>"$out/$stem.collections"
}

for name in ${*:-net10-sweep10 net10-natural10 net8-compact10 net10-compact50 net10-server50}; do
    settings "$name"
    publish
    stem=depot-$name-x64
    rm -rf "$app" "$out/$stem.collections"
    mkdir -p "$(dirname "$app")"
    cp -r "$out/app-$version" "$app"
    cd "$app"
    # shellcheck disable=SC2086
    run_clean depot $env ./Depot "$objects" $churn $collect >"$log" 2>&1 &
    depot=$!
    trap 'kill -9 $depot 2>/dev/null' EXIT
    await_state
    dump "$out/$stem.before.dmp" "$depot" withheap
    rm "$app/state"
    : >"$app/go"
    await_state
    dump "$out/$stem.after.dmp" "$depot" withheap
    kill -9 "$depot"
    wait "$depot" 2>/dev/null || :
    trap - EXIT
    cd "$out"
    echo "recorded $name ($version)"
done
rm -rf "$app"
