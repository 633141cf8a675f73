#!/usr/bin/env bash
# Installs the release build: binaries, library, header, pkg-config file.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$DESTDIR$PREFIX

install -d "$root/bin" "$root/lib/pkgconfig" "$root/include"
install -m 755 -s .build/release/periodic-cli "$root/bin/periodic"
for name in periodicd periodic-run periodic-run-pipe; do ln -sf periodic "$root/bin/$name"; done
install -m 755 -s .build-library/release/libperiodic.so "$root/lib/libperiodic.so.0"
ln -sf libperiodic.so.0 "$root/lib/libperiodic.so"
install -m 644 include/periodic.h "$root/include/periodic.h"
sed -e "s|@PREFIX@|$PREFIX|g" -e "s|@VERSION@|$VERSION|g" bindings/c/periodic.pc.in \
  >"$root/lib/pkgconfig/periodic.pc"
echo "installed to $root"
