#!/bin/sh
# heapgraph from nothing on a fresh Debian or Ubuntu: install what is needed, build, answer the four first
# questions about a recorded dump. usage: sh tools/quickstart.sh [DUMP]
set -eu
cd "$(dirname "$0")/.."
build=.build/release
dump=${1:-tests/fixtures/linux/site-net10-x64.after.dmp.zst}

sh tools/packages.sh build
cmake -S . -B "$build" -G Ninja -DHGR_TESTS=OFF -DHGR_BENCH=OFF > .build/quickstart.log 2>&1 &&
  ninja -C "$build" >> .build/quickstart.log 2>&1 || { tail -40 .build/quickstart.log; exit 1; }
program=$build/tools/heapgraph

say() {
  printf '\n$ heapgraph %s\n' "$*"
}
say info "$dump"
"$program" info "$dump"
say types --retained --top 10 "$dump"
"$program" types --retained --top 10 "$dump"
say retained --top 5 "$dump"
"$program" retained --top 5 "$dump"
address=$("$program" retained --top 1 --json "$dump" | sed -n 's/.*"address": *"\(0x[0-9a-f]*\)".*/\1/p' | head -1)
say path "$dump" "$address"
"$program" path "$dump" "$address"
printf '\nThe program is %s; install it with: cmake --install %s\n' "$program" "$build"
