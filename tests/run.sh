#!/bin/sh
# Install what is needed, build everything with warnings as errors, run every test.
# usage: sh tests/run.sh [--sanitize] [ctest arguments]
#   --sanitize  also build and run the whole suite under address and undefined-behaviour sanitizers
set -eu
cd "$(dirname "$0")/.."
sanitize=no
if [ "${1:-}" = --sanitize ]; then
  sanitize=yes
  shift
fi
sh tools/packages.sh test

run_flavour() {
  flavour=$1
  shift
  build=.build/$flavour
  echo "== $flavour: configure and build"
  cmake -S . -B "$build" -G Ninja -DHGR_FLAVOUR="$flavour" -DHGR_WERROR=ON \
    -DHGR_TOOLS=ON -DHGR_TESTS=ON -DHGR_BENCH=ON > "$build.log" 2>&1 &&
    ninja -C "$build" >> "$build.log" 2>&1 || { tail -60 "$build.log"; exit 1; }
  echo "== $flavour: test"
  (cd "$build" && ctest --no-tests=error --output-on-failure -j "$(nproc)" "$@")
}

if [ $sanitize = yes ]; then
  ASAN_OPTIONS=detect_leaks=1:abort_on_error=0:allocator_may_return_null=1
  UBSAN_OPTIONS=print_stacktrace=1
  export ASAN_OPTIONS UBSAN_OPTIONS
  run_flavour asan "$@"
fi
run_flavour release "$@"
