#!/usr/bin/env bash
# Builds libperiodic.so for release: no Swift run time to install, only the header's functions exported.
# They have the version of the release that had them first, as periodic.map says, which `make abi` writes.
# The link fails if it names a function that is not there. Relocations are packed, which glibc knows from
# 2.36 on: half a megabyte less to read when it is loaded.
# Usage: scripts/build-library.sh [options of swift build]; SCRATCH is where it is built (.build-library).
set -euo pipefail
cd "$(dirname "$0")/.."

# SwiftPM does not know that the link depends on the map.
scratch=${SCRATCH:-.build-library}
library=$scratch/release/libperiodic.so
if [ -e "$library" ] && [ periodic.map -nt "$library" ]; then rm -f "$library"; fi

swift build -c release --product periodic --disable-build-manifest-caching \
  -Xswiftc -static-stdlib -Xswiftc -enforce-exclusivity=unchecked -Xswiftc -use-ld=lld \
  -Xlinker -soname=libperiodic.so.0 -Xlinker -z -Xlinker nodelete \
  -Xlinker -z -Xlinker pack-relative-relocs \
  -Xlinker --version-script="$PWD/periodic.map" --scratch-path "$scratch" "$@"
