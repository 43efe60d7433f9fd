#!/bin/sh
# The library never prints, exits, aborts or reads the environment: list what it asks of the C library.
# usage: check_symbols.sh LIBRARY.a
set -eu
nm -u "$1" | awk '{print $2}' | sort -u > "${TMPDIR:-/tmp}/hgr_symbols.$$"
trap 'rm -f "${TMPDIR:-/tmp}/hgr_symbols.$$"' EXIT
[ -s "${TMPDIR:-/tmp}/hgr_symbols.$$" ] || { echo "no undefined symbols listed in $1: wrong file?"; exit 1; }
if grep -xE '(v?f?printf|puts|putchar|fputs|fputc|perror|exit|_exit|quick_exit|abort|getenv|secure_getenv|setenv|stdout|stderr|omp_set_num_threads)' \
  "${TMPDIR:-/tmp}/hgr_symbols.$$"; then
  echo "the library must not use the symbols above"
  exit 1
fi
