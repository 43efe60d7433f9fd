#!/bin/sh
# A stage of the engine may include only itself and stages to its left in HGR_STAGES; tools only public headers.
set -eu
cd "$(dirname "$0")/../.."
stages=$(sed -n 's/^set(HGR_STAGES \(.*\))$/\1/p' engine/CMakeLists.txt)
[ -n "$stages" ] || { echo "HGR_STAGES not found in engine/CMakeLists.txt"; exit 1; }
bad=0
allowed=""
for stage in $stages; do
  allowed="$allowed $stage"
  for file in engine/"$stage"/*.c engine/"$stage"/*.h; do
    [ -e "$file" ] || continue
    for used in $(sed -n 's/^#include "\.\.\/\([a-z]*\)\/.*/\1/p' "$file" | sort -u); do
      case " $allowed " in
        *" $used "*) ;;
        *) echo "$file includes stage $used, which is to the right of $stage"; bad=1 ;;
      esac
    done
  done
done
for file in tools/*.c tools/*.h; do
  [ -e "$file" ] || continue
  if grep -nE '#include "(\.\./)?(engine|base|dump|clr|heap|graph|snapshot|answers)/' "$file"; then
    echo "$file includes an engine header that is not public"
    bad=1
  fi
done
names=$(for file in $(git ls-files 'engine/*.c' 'engine/*.h' 'tools/*.c' | grep -v include/); do basename "$file"; done | sort | uniq -d | grep -v '^placeholder' || true)
[ -z "$names" ] || { echo "source file names used twice: $names"; bad=1; }
exit $bad
