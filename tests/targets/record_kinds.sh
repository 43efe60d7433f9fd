#!/bin/sh
# Records one small program (kinds/) by every writer of dumps on Linux: createdump's four kinds, gdb's gcore, the kernel; makes tests/fixtures/kinds.
# Needs the .NET SDK (10 or later), gdb, zstd, root (to write /kinds, to set a host name) and "core" or "core.%p" in /proc/sys/kernel/core_pattern.
#   tests/targets/record_kinds.sh WORK HEAPGRAPH CLRMD.DLL      (CLRMD.DLL: bench/peers/README.md says how to build it)
set -eu
[ $# -eq 3 ] || { sed -n 's/^#   //p' "$0" >&2; exit 64; }
here=$(cd "$(dirname "$0")" && pwd)
work=$1 heapgraph=$(realpath "$2") clrmd=$(realpath "$3")
fixtures=$here/../fixtures/kinds
app=/kinds                      # where the program lives while it is recorded: its path is in the dumps
mkdir -p "$work" "$fixtures/modules" "$fixtures/full.truth"
work=$(cd "$work" && pwd)

cp -r "$here/kinds" "$work/build"
dotnet publish "$work/build/Kinds.csproj" -c Release -v quiet --nologo -o "$work/app"
rm -rf "$work/build"

start() {
    rm -rf "$app"
    cp -r "$work/app" "$app"
    unshare --uts sh -c "hostname site; cd $app; ulimit -c unlimited; exec env -i HOME=$app ./Kinds" >"$work/log" 2>&1 &
    program=$!
    trap 'kill -9 $program 2>/dev/null' EXIT
    until grep -q '^ready' "$work/log"; do sleep 0.2; done
}

start
for kind in full withheap normal triage; do "$app/createdump" "--$kind" -f "$work/$kind.dmp" $program >>"$work/log"; done
gcore -o "$work/gcore" $program >>"$work/log" 2>&1
mv "$work/gcore.$program" "$work/gcore.core"
kill -9 $program
start
kill -XCPU $program             # the runtime handles the other signals that end in a core
sleep 5
mv "$app"/core* "$work/kernel.core"

dotnet "$clrmd" "$work/full.dmp" truth "$work/truth" --dac "$app/libmscordaccore.so"
zstd -q -19 -f "$work/truth/stat.json" -o "$fixtures/full.truth/stat.json.zst"
cp "$work/truth/edges.json" "$fixtures/full.truth/"
rm -rf "$app"                   # what the dump lacks must not come from here
for dump in full.dmp withheap.dmp gcore.core kernel.core; do
    "$heapgraph" slim -o "$work/slim.$dump" "$work/$dump" --modules "$work/app"
    zstd -q -19 --long=27 -f --rm "$work/slim.$dump" -o "$fixtures/$dump.zst"
done
for dump in normal.dmp triage.dmp; do zstd -q -19 --long=27 -f "$work/$dump" -o "$fixtures/$dump.zst"; done
for module in Kinds System.Console System.Private.CoreLib; do
    zstd -q -19 -f "$work/app/$module.dll" -o "$fixtures/modules/$module.dll.zst"
done
chmod 644 "$fixtures"/*.zst "$fixtures"/*/*
