#!/bin/sh
# Every ```console block of README.md is what the program really prints about the recorded site.
# usage: check_readme.sh HEAPGRAPH README.md FIXTURES [--record]
#   --record rewrites the blocks in README.md. In the blocks before.dmp and after.dmp are the recorded pair.
set -eu
program=$1
readme=$2
fixtures=$3
record=${4:-}
work=$(mktemp -d "${TMPDIR:-/tmp}/hgr_readme.XXXXXX")
trap 'rm -rf "$work"' EXIT
for name in before after; do
  zstd -q -d --long=27 "$fixtures/site-net10-x64.$name.dmp.zst" -o "$work/$name.dmp"
done
mkdir "$work/bin"
ln -s "$(realpath "$program")" "$work/bin/heapgraph"
PATH=$work/bin:$PATH
export PATH
# Copy the file; inside console blocks keep the "$ " lines and put the real output behind each.
awk -v work="$work" '
  /^```console/ { inside = 1; print; next }
  /^```/ && inside { inside = 0 }
  inside && /^\$ / {
    print
    fflush()
    system("cd " work " && " substr($0, 3) " 2>&1 | sed \"s/[[:space:]]*\\$//\"")
    blocks++
    next
  }
  !inside { print }
  END { if (blocks == 0) { print "no console block found"; exit 1 } }
' "$readme" > "$work/README.md"
if [ "$record" = --record ]; then
  cp "$work/README.md" "$readme"
else
  diff -u "$readme" "$work/README.md"
fi
