#!/usr/bin/env bash
# Removes what install.sh put to PREFIX below DESTDIR, and nothing else: its list says what that is.
set -euo pipefail
list=$DESTDIR$PREFIX/share/periodic/installed
[ -e "$list" ] || { echo "nothing is installed to $DESTDIR$PREFIX" >&2; exit 1; }

mapfile -t paths < <(LC_ALL=C sort -r "$list")
rm -f "$list"
for path in "${paths[@]}"; do
  # A directory that others use by now stays.
  case $path in
    */) [ ! -d "$DESTDIR$path" ] || rmdir --ignore-fail-on-non-empty "$DESTDIR$path" ;;
    *) rm -f "$DESTDIR$path" ;;
  esac
done
echo "removed from $DESTDIR$PREFIX"
