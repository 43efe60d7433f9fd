#!/bin/sh
# Install the Debian packages that building (and, with "test", testing) needs; nothing to do when they are there.
# usage: sh tools/packages.sh build|test
set -eu
packages="gcc libc6-dev cmake ninja-build pkg-config libroaring-dev libxxhash-dev libzstd-dev libjson-c-dev zlib1g-dev"
if [ "${1:-build}" = test ]; then
  packages="$packages g++ libcmocka-dev zstd gzip binutils man-db"
fi
mkdir -p "$(dirname "$0")/../.build"
missing=""
for package in $packages; do
  dpkg-query -W -f '${Status}' "$package" 2> /dev/null | grep -q 'install ok installed' ||
    missing="$missing $package"
done
[ -n "$missing" ] || exit 0
sudo=""
if [ "$(id -u)" != 0 ]; then
  command -v sudo > /dev/null || { echo "packages missing:$missing; install them as root" >&2; exit 1; }
  sudo=sudo
fi
log=$(dirname "$0")/../.build/packages.log
echo "installing:$missing"
{ $sudo apt-get update && DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y --no-install-recommends $missing; } \
  > "$log" 2>&1 || { tail -20 "$log"; exit 1; }
