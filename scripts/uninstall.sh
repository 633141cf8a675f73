#!/usr/bin/env bash
# Removes what install.sh put there, and nothing else.
set -euo pipefail
root=$DESTDIR$PREFIX
rm -f "$root/bin/periodic" "$root/bin/periodicd" "$root/bin/periodic-run" \
  "$root/bin/periodic-run-pipe" "$root/lib/libperiodic.so" \
  "$root/lib/libperiodic.so.0" "$root/include/periodic.h" "$root/lib/pkgconfig/periodic.pc"
echo "removed from $root"
