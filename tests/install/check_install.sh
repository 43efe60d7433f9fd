#!/bin/sh
# Install into a fresh prefix; build the README's example against it three ways (find_package shared and static,
# pkg-config); compile every public header alone as C and, when there is a compiler, as C++; run the example.
# usage: check_install.sh BUILD_DIR DUMP.zst
set -eu
build=$1
dump=$2
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/hgr_install.XXXXXX")
trap 'rm -rf "$work"' EXIT
prefix=$work/prefix
cmake --install "$build" --prefix "$prefix" > "$work/log" 2>&1 || { cat "$work/log"; exit 1; }
mkdir "$work/src"
cp "$here/example.c" "$work/src/"
cp "$here/CMakeProject.txt" "$work/src/CMakeLists.txt"
cmake -G Ninja -S "$work/src" -B "$work/out" -DCMAKE_PREFIX_PATH="$prefix" > "$work/log" 2>&1 &&
  cmake --build "$work/out" >> "$work/log" 2>&1 || { cat "$work/log"; exit 1; }
libdir=$(dirname "$(find "$prefix" -name libheapgraph.so | head -1)")
PKG_CONFIG_PATH=$libdir/pkgconfig
export PKG_CONFIG_PATH
cc -std=c11 -Wall -Wextra -pedantic -Werror "$here/example.c" -o "$work/out/example_pc" \
  $(pkg-config --cflags --libs heapgraph)
for header in "$prefix"/include/heapgraph/*.h; do
  name=heapgraph/$(basename "$header")
  echo "#include <$name>" > "$work/one.c"
  cc -std=c11 -Wall -Wextra -pedantic -Werror -I"$prefix/include" -c "$work/one.c" -o "$work/one.o"
  if command -v c++ > /dev/null; then
    c++ -x c++ -std=c++11 -Wall -Wextra -pedantic -Werror -I"$prefix/include" -c "$work/one.c" -o "$work/one.o"
  fi
done
for program in example_shared example_static example_pc; do
  out=$(LD_LIBRARY_PATH=$libdir "$work/out/$program" "$dump")
  case $out in
    *[0-9]" objects") echo "$program: $out" ;;
    *) echo "$program printed '$out'"; exit 1 ;;
  esac
done
