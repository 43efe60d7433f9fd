#!/bin/sh
# Publishes the site, brings it into the states of website/States, and records its memory with the runtime's own createdump.
# Needs the .NET SDK (10 or later), curl, gdb and a C compiler (for "native") and, for a neutral host name in the dumps, unshare. Nothing else in the project needs .NET.
#   tests/targets/record.sh [-o DIR] [-k KIND] [-n ITEMS] [-m MORE] [NAME...]
#     -o where to (./recorded)   -k createdump's kind: withheap or full (withheap)
#     -n items leaked before the first dump (2010)   -m items leaked between the two (5000)
# Writes DIR/site-NAME-x64.before.dmp and .after.dmp (one process; between them: more items, a churn, two full collections), and keeps
# DIR/app-VERSION, whose libmscordaccore.so the peers in bench/peers need. NAMEs: see settings(); the last, "native", is a program in C.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
out=$PWD/recorded
kind=withheap
items=2010
more=5000
while getopts o:k:n:m: option; do
    case $option in
    o) out=$OPTARG ;;
    k) kind=$OPTARG ;;
    n) items=$OPTARG ;;
    m) more=$OPTARG ;;
    *) exit 64 ;;
    esac
done
shift $((OPTIND - 1))
mkdir -p "$out"
out=$(cd "$out" && pwd)
app=/app                        # where the site lives while it is recorded: its path is in the dump
port=5080
log=$out/site.log
# shellcheck source=tests/targets/recording.sh
. "$here/recording.sh"
names=${*:-net8 net9 net10 net9-segments net10-server net10-datas native}

# runtime version and environment of a recording
settings() {
    case $1 in
    net8) version=8.0.33 env= ;;
    net9) version=9.0.22 env= ;;
    net10) version=10.0.14 env= ;;
    net8-segments) version=8.0.33 env=DOTNET_GCName=libclrgc.so ;;
    net9-segments) version=9.0.22 env=DOTNET_GCName=libclrgc.so ;;
    net10-segments) version=10.0.14 env=DOTNET_GCName=libclrgc.so ;;
    net10-server) version=10.0.14 env='DOTNET_gcServer=1 DOTNET_GCHeapCount=2' ;;
    net10-datas) version=10.0.14 env=DOTNET_gcServer=1 ;;
    *) echo "record.sh: no recording is called $1" >&2; exit 64 ;;
    esac
}

publish() {
    [ -x "$out/app-$version/Scoodle.Web" ] && return
    cp -r "$here/website" "$out/build-$version"
    dotnet publish "$out/build-$version/Website.csproj" -c Release -f "net${version%.*}" -v quiet --nologo \
        -p:RuntimeFrameworkVersion="$version" -o "$out/app-$version"
    rm -rf "$out/build-$version"
}

get() { curl -sS --max-time 120 "http://127.0.0.1:$port$1" "${2:--s}" ${3:+"$3"}; }

start_site() {
    rm -rf "$app"
    cp -r "$out/app-$version" "$app"
    cd "$app"
    : >"$log"
    # shellcheck disable=SC2086
    run_clean site LEAK_N=$items $env ./Scoodle.Web >"$log" 2>&1 &
    site=$!
    trap 'kill -9 $site 2>/dev/null' EXIT
    tries=0
    until grep -q '^ready' "$log"; do
        tries=$((tries + 1))
        [ $tries -lt 600 ] || { cat "$log" >&2; exit 1; }
        sleep 0.5
    done
}

# requests that stay in flight until the process ends
load_site() {
    get / >/dev/null
    get /login/jan >/dev/null
    { get '/slow/17?param=abc' >/dev/null || :; } 2>/dev/null &
    { get /form -d 'a=1&b=two' >/dev/null || :; } 2>/dev/null &
    { get '/agenda?week=47' >/dev/null || :; } 2>/dev/null &
    sleep 3
}

# what a reader gets that is no dump of a .NET process: by gdb's gcore
record_native() {
    rm -rf "$app"
    mkdir "$app"
    cc -O1 -pthread -o "$app/native" "$here/native/native.c"
    cd "$app"
    env -i ./native >"$log" &
    site=$!
    sleep 1
    gcore -o "$out/native" "$site" >/dev/null 2>&1
    kill -9 "$site"
    mv "$out/native.$site" "$out/native-x64.core"
    check_clean "$out/native-x64.core"
}

for name in $names; do
    if [ "$name" = native ]; then
        record_native
        continue
    fi
    settings "$name"
    publish
    start_site
    load_site
    dump "$out/site-$name-x64.before.dmp" "$site" "$kind"
    get "/leak/$more" >/dev/null
    get /churn >/dev/null
    get /gc >/dev/null
    sleep 1
    dump "$out/site-$name-x64.after.dmp" "$site" "$kind"
    kill -9 "$site"
    wait "$site" 2>/dev/null || :
    trap - EXIT
    cd "$out"
    echo "recorded $name ($version)"
done
rm -rf "$app"
