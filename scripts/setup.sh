#!/usr/bin/env bash
# Installs the Debian packages that building and testing need, and those that are named, if one is missing.
set -euo pipefail

packages=(libuv1-dev libsqlite3-dev libjansson-dev node-llhttp pkg-config python3-venv curl)
# For tests of what is installed: CMake, manual pages, and the loops that bindings/c has adapters for.
packages+=(cmake valgrind libglib2.0-dev libevent-dev groff-base man-db "$@")

missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q '^install ok installed' ||
    missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0

sudo=
[ "$(id -u)" = 0 ] || sudo=sudo
export DEBIAN_FRONTEND=noninteractive
# A package that brings a service does not start it.
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
  trap '$sudo rm -f $policy' EXIT
  printf '#!/bin/sh\nexit 101\n' | $sudo tee $policy >/dev/null
  $sudo chmod 755 $policy
fi
echo "installing ${missing[*]}"
$sudo apt-get install -y --no-install-recommends "${missing[@]}" ||
  { $sudo apt-get update && $sudo apt-get install -y --no-install-recommends "${missing[@]}"; }
