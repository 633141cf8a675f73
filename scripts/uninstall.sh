#!/usr/bin/env bash
# Removes what install.sh put to PREFIX below DESTDIR, and nothing else: its list says what that is.
set -euo pipefail
list=$DESTDIR$PREFIX/share/periodic/installed
[ -e "$list" ] || { echo "nothing is installed to $DESTDIR$PREFIX" >&2; exit 1; }

mapfile -t directories < <(grep '/$' "$list" | LC_ALL=C sort -r)
mapfile -t files < <(grep -v '/$' "$list")
rm -f "${files[@]/#/$DESTDIR}"
for path in "${directories[@]}"; do
  # A directory that others use by now stays.
  [ ! -d "$DESTDIR$path" ] || rmdir --ignore-fail-on-non-empty "$DESTDIR$path"
done
echo "removed from $DESTDIR$PREFIX"
