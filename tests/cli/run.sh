#!/bin/sh
# Run the cases of one command. A case is a directory:
#   cmd           shell commands, run in an empty directory where site.dmp is the recorded dump
#   stdout.exact  what they print to stdout, to the byte      (no file: nothing)
#   stderr.glob   a shell pattern for stderr, line breaks too (no file: nothing)
#   exit          the exit status                             (no file: 0)
# usage: run.sh HEAPGRAPH ON_TERMINAL DIRECTORY [CASE...]
#   HGR_RECORD=1  write stdout.exact, stderr.glob and exit from what happens now; look at the diff before you commit it.
set -u
program=$(realpath "$1") || exit 1
terminal=$(realpath "$2") || exit 1
directory=$3
shift 3
fixtures=$(cd "$(dirname "$0")/../fixtures" && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/hgr_cli.XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir "$work/bin" "$work/shared"
ln -s "$program" "$work/bin/heapgraph"
ln -s "$terminal" "$work/bin/on_terminal"
PATH=$work/bin:$PATH
FIXTURES=$fixtures
CASES=$(cd "$(dirname "$0")" && pwd)
LC_ALL=C.UTF-8
export PATH FIXTURES CASES LC_ALL
unset COLUMNS NO_COLOR TMPDIR
site=$fixtures/linux/site-net10-x64.before.dmp.zst

# The dump is unpacked once, and only for cases that name it.
need_site() {
  [ -e "$work/shared/site.dmp" ] || zstd -q -d --long=27 "$site" -o "$work/shared/site.dmp"
}

run_case() {
  case_dir=$1
  rm -rf "$work/run" && mkdir "$work/run"
  if grep -q 'site\.dmp' "$case_dir/cmd"; then
    need_site
    ln -s "$work/shared/site.dmp" "$work/run/site.dmp"
  fi
  (cd "$work/run" && sh "$case_dir/cmd" > "$work/stdout" 2> "$work/stderr" < /dev/null)
  echo $? > "$work/exit"
}

record_case() {
  rm -f "$1/stdout.exact" "$1/exit"
  seen=$(cat "$work/stderr")
  pattern=$(cat "$1/stderr.glob" 2> /dev/null)
  case $seen in $pattern) keep=yes ;; *) keep=no; rm -f "$1/stderr.glob" ;; esac # patterns by hand stay
  [ ! -s "$work/stdout" ] || cp "$work/stdout" "$1/stdout.exact"
  # A pattern of itself: brackets, stars, question marks and backslashes stand for themselves.
  [ ! -s "$work/stderr" ] || [ $keep = yes ] || sed 's/[][*?\\]/\\&/g' "$work/stderr" > "$1/stderr.glob"
  [ "$(cat "$work/exit")" = 0 ] || cp "$work/exit" "$1/exit"
}

check_case() {
  ok=yes
  touch "$work/empty"
  expected=$1/stdout.exact
  [ -e "$expected" ] || expected=$work/empty
  cmp -s "$expected" "$work/stdout" || {
    echo "$1: stdout differs"
    diff "$expected" "$work/stdout" | head -20
    ok=no
  }
  pattern=$(cat "$1/stderr.glob" 2> /dev/null)
  seen=$(cat "$work/stderr")
  case $seen in
    $pattern) ;;
    *) printf '%s: stderr\n%s\ndoes not match\n%s\n' "$1" "$seen" "$pattern"; ok=no ;;
  esac
  wanted=$(cat "$1/exit" 2> /dev/null || echo 0)
  [ "$wanted" = "$(cat "$work/exit")" ] || { echo "$1: exit $(cat "$work/exit"), expected $wanted"; ok=no; }
  [ $ok = yes ]
}

failed=0
count=0
for case_dir in "$directory"/*/; do
  case_dir=${case_dir%/}
  [ -e "$case_dir/cmd" ] || continue
  [ $# = 0 ] || case " $* " in *" $(basename "$case_dir") "*) ;; *) continue ;; esac
  run_case "$case_dir"
  if [ -n "${HGR_RECORD:-}" ]; then record_case "$case_dir"; else check_case "$case_dir" || failed=$((failed + 1)); fi
  count=$((count + 1))
done
echo "$(basename "$directory"): $count cases, $failed failed"
[ $count -gt 0 ] && [ $failed = 0 ]
