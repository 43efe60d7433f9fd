#!/bin/sh
# A process with two runtimes, joined from two recorded sites: info lists both, --runtime chooses, every command obeys.
# usage: check_runtimes.sh HEAPGRAPH JOIN SOURCE_DIR
set -u
program=$1
join=$2
sites=$3/tests/fixtures/linux
work=$(mktemp -d "${TMPDIR:-/tmp}/hgr_runtimes.XXXXXX")
trap 'rm -rf "$work"' EXIT
bad=0
"$join" "$sites/site-net9-x64.before.dmp.zst" "$sites/site-net10-x64.before.dmp.zst" "$work/two.core" || exit 1
cd "$work" || exit 1

# expect PATTERN ARGUMENTS...: a line of stdout and stderr matches
expect() {
  pattern=$1
  shift
  "$program" "$@" > out 2>&1
  grep -q -e "$pattern" out || { echo "heapgraph $*: no line '$pattern'"; head -12 out; bad=1; }
}

expect '^runtime   2 of 2, the largest heap: .NET 10.0.14, /app/libcoreclr.so at 0x00007fe018e00000$' info two.core
expect '^other     .NET 9.0.22, .*, heap of 8,494,784 bytes; --runtime 1 reads it$' info two.core
expect '^runtime   1 of 2: .NET 9.0.22' info two.core --runtime 1
expect '"runtime": {"number": 1, "name": ".NET", "version": "9.0.22"' info two.core --runtime 1 --json
expect '{"number": 2, "name": ".NET", "version": "10.0.14", .*"used_bytes": 8523864}' info two.core --json
expect 'runtime 3 asked for, the dump has 2; `heapgraph info` lists them$' types two.core --runtime 3
for command in types roots segments retained; do
  "$program" $command "$sites/site-net9-x64.before.dmp.zst" --json | grep -v '^ "dump"' > alone
  "$program" $command two.core --runtime 1 --json 2> /dev/null | grep -v '^ "dump"' > joined
  [ -s alone ] && cmp -s alone joined || { echo "$command: --runtime 1 differs from that runtime alone"; bad=1; }
done
"$program" slim two.core -o slim.core > /dev/null && "$program" types slim.core --runtime 1 --all > slim.out &&
  "$program" types two.core --runtime 1 --all > two.out && cmp slim.out two.out || { echo "slim lost a runtime"; bad=1; }
exit $bad
