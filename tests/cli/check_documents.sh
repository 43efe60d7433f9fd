#!/bin/sh
# The examples of help and man pages are what a terminal of 79 columns shows; man pages are what `heapgraph help --man` prints, help fits a
# screen, the completion script works. usage: check_documents.sh HEAPGRAPH ON_TERMINAL SOURCE_DIR
# HGR_RECORD=1 writes examples, pages and script anew (build and record again: help shows the examples).
set -eu
program=$1
terminal=$2
source=$3
man=$source/tools/man
work=$(mktemp -d "${TMPDIR:-/tmp}/hgr_doc.XXXXXX")
trap 'rm -rf "$work"' EXIT
bad=0
commands=$(sed -n 's/^COMMAND(\([a-z]*\),.*/\1/p' "$source/tools/commands.def")
[ -n "$commands" ] || { echo "no commands found in commands.def"; exit 1; }

mkdir "$work/examples" "$work/examples/bin"
zstd -q -d --long=27 "$source/tests/fixtures/linux/site-net10-x64.before.dmp.zst" -o "$work/examples/site.dmp"
zstd -q -d --long=27 "$source/tests/fixtures/linux/site-net10-x64.after.dmp.zst" -o "$work/examples/after.dmp"
zstd -q -d --long=27 "$source/tests/fixtures/waits/waits-net8-x64.dmp.zst" -o "$work/examples/waits.dmp"
zstd -q -d --long=27 "$source/tests/fixtures/linux/stacks-net10-x64.dmp.zst" -o "$work/examples/stacks.dmp"
ln -s "$(realpath "$program")" "$work/examples/bin/heapgraph"
for example in "$source"/tools/examples/*.txt; do
  head -1 "$example" > "$work/text"
  command=$(sed 's/^\$ //' "$work/text")
  [ "$command" = "heapgraph version" ] || command="$command --color never --quiet"
  (cd "$work/examples" && PATH=$work/examples/bin:$PATH LC_ALL=C.UTF-8 "$terminal" 79 sh -c "$command") |
    tr -d '\r' >> "$work/text"
  [ -z "${HGR_RECORD:-}" ] || cp "$work/text" "$example"
  # How small a slim dump is depends on what readers read today.
  sed 's/[0-9.]* MiB/N MiB/' "$example" > "$work/expected"
  sed 's/[0-9.]* MiB/N MiB/' "$work/text" | cmp - "$work/expected" || { echo "HGR_RECORD=1 writes it anew"; bad=1; }
done
rm -rf "$work/examples" "$work/text" "$work/expected"

"$program" help --man > "$work/heapgraph.1"
for command in $commands; do
  "$program" help --man "$command" > "$work/heapgraph-$command.1"
  "$program" "$command" --help > "$work/help"
  "$program" help "$command" | cmp -s - "$work/help" || { echo "$command: --help and help differ"; bad=1; }
  lines=$(wc -l < "$work/help")
  wide=$(awk 'length($0) > 100' "$work/help" | wc -l)
  [ "$lines" -le 40 ] && [ "$wide" = 0 ] ||
    { echo "$command: help has $lines lines (40 allowed), $wide wider than 100 columns"; bad=1; }
  # Each option that help prints stands in the man page.
  for option in $(grep -o '^ *\(-., \)*--[a-z-]*' "$work/help" | grep -o -e '--[a-z-]*'); do
    grep -qF -e "$(printf '%s' "$option" | sed 's/-/\\-/g')" "$work/heapgraph-$command.1" ||
      { echo "$command: $option is not in the man page"; bad=1; }
  done
done
if [ -n "${HGR_RECORD:-}" ]; then
  rm -f "$man"/*.1
  cp "$work"/*.1 "$man/"
fi
# Sizes of slim dumps as above.
mkdir "$work.man" && for page in "$man"/*.1; do sed 's/[0-9.]* MiB/N MiB/' "$page" > "$work.man/${page##*/}"; done
for page in "$work"/*.1; do sed -i 's/[0-9.]* MiB/N MiB/' "$page"; done
diff -r "$work.man" "$work" -x help > "$work.diff" || { echo "tools/man differs (HGR_RECORD=1 writes it anew):"; head -20 "$work.diff"; bad=1; }
rm -rf "$work.diff" "$work.man"
if command -v man > /dev/null; then
  for page in "$work"/*.1; do
    LC_ALL=C.UTF-8 MANWIDTH=80 man -E UTF-8 --warnings -l "$page" > /dev/null 2> "$work/help" || { echo "$page: man fails"; bad=1; }
    [ ! -s "$work/help" ] || { cat "$work/help"; bad=1; }
  done
fi
"$program" help --completion > "$work/help"
[ -z "${HGR_RECORD:-}" ] || cp "$work/help" "$source/tools/heapgraph.bash"
cmp "$work/help" "$source/tools/heapgraph.bash" || bad=1
if command -v bash > /dev/null; then
  bash -n "$work/help" || bad=1
  words=$(bash -c '. "$1"; COMP_WORDS=(heapgraph types --ret); COMP_CWORD=2; _heapgraph; echo "${COMPREPLY[@]}"' - "$work/help")
  [ "$words" = --retained ] || { echo "completion of types --ret gives '$words'"; bad=1; }
fi
exit $bad
