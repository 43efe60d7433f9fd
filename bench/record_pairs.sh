#!/bin/sh
# Records what the matching of objects is measured on: pairs of dumps of one process whose objects carry hidden ids (tests/targets/identity), with
# the ids as ClrMD reads them. Five ways of collecting, 10 and 50 % churn. Needs the .NET SDK and 3 GB of disk; nothing of it belongs in the repository.
#   bench/record_pairs.sh DIR CLRMD.DLL [OBJECTS]        OBJECTS 2500000; CLRMD.DLL: bench/peers, built
# Writes DIR/depot-NAME-x64.before.dmp and .after.dmp, each with its .truth beside it (tests/fixtures/README.md says what is in it), and DIR/app-VERSION.
# The pair of the diff's speed, with more than 10 million objects, is recorded by record_large.sh.
set -eu
[ $# -ge 2 ] || { sed -n 's/^#   //p' "$0" >&2; exit 64; }
dir=$1 clrmd=$2 objects=${3:-2500000}
names='net10-sweep10 net10-natural10 net10-compact10 net10-compact50 net10-server50'
# shellcheck disable=SC2086
"$(dirname "$0")/../tests/targets/record_identity.sh" -o "$dir" -n "$objects" $names
for name in $names; do
    for state in before after; do
        stem=$dir/depot-$name-x64.$state
        rm -rf "$stem.truth"
        dotnet "$clrmd" "$stem.dmp" identity "$stem.truth" --dac "$(ls -d "$dir"/app-10.* | tail -n 1)/libmscordaccore.so" --lock-free
    done
done
