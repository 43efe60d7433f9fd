#!/bin/sh
# Publishes the site, brings it into the states of website/States, and records its memory with the runtime's own createdump.
# Needs the .NET SDK (10 or later), curl and, for a neutral host name in the dumps, unshare. Nothing else in the project needs .NET.
#   tests/targets/record.sh [-o DIR] [-f] [NAME...]      -o where to (default: ./recorded)   -f also a --full dump of each
# Writes DIR/site-NAME-x64.before.dmp and .after.dmp (one process: 5,000 more items, a churn, two full collections between),
# and keeps DIR/app-VERSION, whose libmscordaccore.so the peers in bench/peers need. NAMEs: see settings().
set -eu
here=$(cd "$(dirname "$0")" && pwd)
out=$PWD/recorded
full=no
while getopts o:f option; do
    case $option in
    o) out=$OPTARG ;;
    f) full=yes ;;
    *) exit 64 ;;
    esac
done
shift $((OPTIND - 1))
mkdir -p "$out"
out=$(cd "$out" && pwd)
app=/app                        # where the site lives while it is recorded: its path is in the dump
port=5080
names=${*:-net8 net9 net10 net9-segments net10-server net10-datas}

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

# a clean environment, and a host name of its own where the system lets us
start_site() {
    rm -rf "$app"
    cp -r "$out/app-$version" "$app"
    cd "$app"
    : >"$out/site.log"
    if unshare --uts true 2>/dev/null; then
        # shellcheck disable=SC2086
        unshare --uts sh -c "hostname site; exec env -i HOME=$app $env ./Scoodle.Web" >"$out/site.log" 2>&1 &
    else
        # shellcheck disable=SC2086
        env -i HOME=$app $env ./Scoodle.Web >"$out/site.log" 2>&1 &
    fi
    site=$!
    trap 'kill -9 $site 2>/dev/null' EXIT
    tries=0
    until grep -q '^ready' "$out/site.log"; do
        tries=$((tries + 1))
        [ $tries -lt 120 ] || { cat "$out/site.log" >&2; exit 1; }
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

dump() { # dump KIND FILE
    "$app/createdump" "$1" -f "$2" "$site" >>"$out/site.log"
    chmod 644 "$2"
    check_clean "$2"
}

# a word as a pattern of bytes: narrow, or wide as the heap's strings have it
bytes_of() { printf %s "$1" | od -An -v -tx1 | tr -d '\n' | sed "s/ \(..\)/\\\\x\1$2/g"; }

# nothing of the recording machine may be in a dump that is given away
check_clean() {
    for word in "$(uname -n)" "$out" "$here" "$HOME/"; do
        [ ${#word} -ge 4 ] || continue
        if LC_ALL=C grep -aqP "$(bytes_of "$word" '')|$(bytes_of "$word" '\\x00')" "$1"; then
            echo "record.sh: $1 holds '$word'" >&2
            exit 1
        fi
    done
}

for name in $names; do
    settings "$name"
    publish
    start_site
    load_site
    dump --withheap "$out/site-$name-x64.before.dmp"
    [ $full = no ] || dump --full "$out/site-$name-x64.before-full.dmp"
    get /leak/5000 >/dev/null
    get /churn >/dev/null
    get /gc >/dev/null
    sleep 1
    dump --withheap "$out/site-$name-x64.after.dmp"
    [ $full = no ] || dump --full "$out/site-$name-x64.after-full.dmp"
    kill -9 "$site"
    wait "$site" 2>/dev/null || :
    trap - EXIT
    cd "$out"
    echo "recorded $name ($version): $(du -h "$out/site-$name-x64.before.dmp" | cut -f1) before, $(du -h "$out/site-$name-x64.after.dmp" | cut -f1) after"
done
rm -rf "$app"
