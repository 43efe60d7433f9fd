#!/bin/sh
# Records the large case of the benches: the site with 2,090,000 leaked items (11.5 million objects, a 1.4 GB dump), and the same process
# with a tenth more after two full collections. Needs the .NET SDK and 4 GB of disk; the dumps stay where you say, never in the repository.
#   bench/record_large.sh DIR [ITEMS]        ITEMS 8200000: 45 million objects, 4.5 GB each
# Writes DIR/large.dmp, DIR/large-after.dmp, and DIR/app-VERSION (its libmscordaccore.so is what the peers' --dac wants).
set -eu
[ $# -ge 1 ] || { sed -n 's/^#   //p' "$0" >&2; exit 64; }
items=${2:-2090000}
mkdir -p "$1"
"$(dirname "$0")/../tests/targets/record.sh" -o "$1" -k full -n "$items" -m $((items / 10)) net10
mv "$1/site-net10-x64.before.dmp" "$1/large.dmp"
mv "$1/site-net10-x64.after.dmp" "$1/large-after.dmp"
