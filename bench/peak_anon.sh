#!/bin/sh
# The highest anonymous resident memory (RssAnon) of a command, sampled every 5 ms, in bytes, on stdout.
# usage: peak_anon.sh COMMAND [ARGUMENT ...]
"$@" > /dev/null 2>&1 &
pid=$!
peak=0
while kill -0 $pid 2> /dev/null; do
  now=$(sed -n 's/^RssAnon:[^0-9]*\([0-9]*\) kB/\1/p' /proc/$pid/status 2> /dev/null)
  [ "${now:-0}" -gt "$peak" ] && peak=$now
  sleep 0.005
done
wait $pid
echo $((peak * 1024))
