#!/bin/sh
# Run the benches and keep their raw rows in bench/results/<date>-<host>-<commit>/raw.csv.
#
# usage: bench/run.sh [--dump DUMP [--peer CLRMD_DLL --dac LIBMSCORDACCORE]] [--pair BEFORE AFTER] [--runs N] [--kernels] [--host NAME]
#   --kernels   the kernels alone, on made heaps and graphs (needs no dump)
#   --dump      whole processes on a recorded dump, in turn with the peer (bench/peers/README.md) when it is given
#   --pair      `diff` on two dumps of one process, beside `retained` on each, and beside what the peer's users do: two `stat` to be joined
# Rows: what,row,threads,run,wall_s,cpu_s,note. All rows of one call were measured in turn on one machine.
set -eu
cd "$(dirname "$0")/.."
dump="" before="" after="" peer="" dac="" runs=5 kernels=no host=$(uname -m)-$(nproc)cpu
while [ $# -gt 0 ]; do
  case $1 in
    --dump) dump=$2; shift 2 ;;
    --pair) before=$2 after=$3; shift 3 ;;
    --peer) peer=$2; shift 2 ;;
    --dac) dac=$2; shift 2 ;;
    --runs) runs=$2; shift 2 ;;
    --host) host=$2; shift 2 ;;
    --kernels) kernels=yes; shift ;;
    *) echo "bench/run.sh: unknown argument '$1'" >&2; exit 2 ;;
  esac
done
build=.build/release
[ -x $build/tools/heapgraph ] || { echo "build first: cmake -B $build -G Ninja && ninja -C $build" >&2; exit 2; }
out=bench/results/$(date +%F)-$host-$(git rev-parse --short HEAD)
mkdir -p "$out"
raw=$out/raw.csv
[ -s "$raw" ] || echo "what,row,threads,run,wall_s,cpu_s,note" > "$raw"

# One run of a command, as one row; hyperfine measures it, the page cache is warmed before.
one() { # what row threads run command...
  what=$1 row=$2 threads=$3 run=$4
  shift 4
  hyperfine --shell=none --runs 1 --style none --export-csv "$out/one.csv" "$*" > "$out/one.log" 2>&1 ||
    { cat "$out/one.log" >&2; return 1; }
  awk -F, -v head="$what,$row,$threads,$run" \
    'NR == 2 { printf "%s,%s,%.4f,\n", head, $(NF - 6), $(NF - 3) + $(NF - 2) }' "$out/one.csv" >> "$raw"
}

if [ "$kernels" = yes ]; then
  for threads in 1 2; do
    $build/bench/bench_scan --threads $threads >> "$out/bench_scan.txt"
    $build/bench/bench_graph --threads $threads >> "$out/bench_graph.txt"
  done
  $build/bench/bench_dominators --csv --peer 1 > "$out/bench_dominators.csv"
fi

if [ -n "$dump" ]; then
  leaf=$($build/tools/heapgraph list --json --top 1 --set 'reachable and type=System.String' "$dump" |
    sed -n 's/.*"address": *"\(0x[0-9a-f]*\)".*/\1/p' | head -1)
  run=1
  while [ "$run" -le "$runs" ]; do
    cat "$dump" > /dev/null
    # Not counted: after a pause a virtual machine's free pages are slow to touch for whoever comes first.
    $build/tools/heapgraph retained --top 1 "$dump" > /dev/null
    one limit cat 1 "$run" cat "$dump"
    one limit plain_walk 1 "$run" $build/bench/plain_walk "$dump"
    for threads in 1 2; do
      one heapgraph info $threads "$run" $build/tools/heapgraph info --threads $threads "$dump"
      one heapgraph types $threads "$run" $build/tools/heapgraph types --threads $threads "$dump"
      one heapgraph info-totals $threads "$run" $build/tools/heapgraph info --threads $threads --totals "$dump"
      one heapgraph retained $threads "$run" $build/tools/heapgraph retained --threads $threads --top 20 "$dump"
      one heapgraph types-retained $threads "$run" $build/tools/heapgraph types --threads $threads --retained "$dump"
      one heapgraph path $threads "$run" $build/tools/heapgraph path --threads $threads "$dump" "$leaf"
    done
    if [ -n "$peer" ]; then
      for command in stat edges retained "gcroot $leaf"; do
        # shellcheck disable=SC2086 # the command may carry an argument
        one clrmd "$(echo "$command" | cut -d' ' -f1)" 1 "$run" dotnet "$peer" "$dump" $command --dac "$dac" --lock-free
      done
    fi
    run=$((run + 1))
  done
  for command in "types" "info --totals" "retained --top 20" "types --retained" "path"; do
    # shellcheck disable=SC2086
    echo "memory,$(echo "$command" | tr ' ' '_'),2,1,,,$(bench/peak_anon.sh $build/tools/heapgraph $command --threads 2 "$dump" $([ "$command" = path ] && echo "$leaf")) bytes RssAnon" >> "$raw"
  done
fi

if [ -n "$before" ]; then
  run=1
  while [ "$run" -le "$runs" ]; do
    cat "$before" "$after" > /dev/null
    $build/tools/heapgraph retained --top 1 "$after" > /dev/null
    for threads in 1 2; do
      one heapgraph retained-before $threads "$run" $build/tools/heapgraph retained --threads $threads --top 20 "$before"
      one heapgraph retained-after $threads "$run" $build/tools/heapgraph retained --threads $threads --top 20 "$after"
      one heapgraph diff-no-objects $threads "$run" $build/tools/heapgraph diff --threads $threads --no-objects "$before" "$after"
      one heapgraph diff $threads "$run" $build/tools/heapgraph diff --threads $threads "$before" "$after"
    done
    for side in $before $after; do
      [ -z "$peer" ] || one clrmd "stat-$(basename "$side" .dmp)" 1 "$run" dotnet "$peer" "$side" stat --dac "$dac" --lock-free
    done
    run=$((run + 1))
  done
  $build/tools/heapgraph diff --threads 1 --time "$before" "$after" --top 1 > /dev/null 2> "$out/diff-phases.txt"
  echo "memory,diff,2,1,,,$(bench/peak_anon.sh $build/tools/heapgraph diff --threads 2 "$before" "$after") bytes RssAnon" >> "$raw"
fi
rm -f "$out/one.csv" "$out/one.log"

# Medians, one line a row.
awk -F, 'NR > 1 && $5 != "" { key = $1 " " $2 " threads " $3; n[key]++; wall[key, n[key]] = $5; cpu[key, n[key]] = $6 }
  function median(values, key, count,   i, j, t, list) {
    for (i = 1; i <= count; i++) list[i] = values[key, i]
    for (i = 1; i < count; i++) for (j = i + 1; j <= count; j++) if (list[j] < list[i]) { t = list[i]; list[i] = list[j]; list[j] = t }
    return list[int((count + 1) / 2)]
  }
  END { print "| row | runs | median wall s | median CPU s |"; print "|---|---|---|---|"
        for (key in n) printf "| %s | %d | %.3f | %.3f |\n", key, n[key], median(wall, key, n[key]), median(cpu, key, n[key]) | "sort" }' \
  "$raw" > "$out/summary.md"
cat "$out/summary.md"
