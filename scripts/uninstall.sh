#!/usr/bin/env bash
# Removes what install.sh put there, and nothing else.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$DESTDIR$PREFIX
rm -f "$root/bin/periodic" "$root/bin/periodicd" "$root/bin/periodic-run" \
  "$root/bin/periodic-run-pipe" "$root/lib/libperiodic.so" \
  "$root/lib/libperiodic.so.0" "$root/include/periodic.h" "$root/lib/pkgconfig/periodic.pc"
for page in docs/man/*; do rm -f "$root/share/man/man${page##*.}/${page##*/}"; done
for name in periodic periodic-run periodic-run-pipe; do
  rm -f "$root/share/bash-completion/completions/$name" "$root/share/zsh/site-functions/_$name" \
    "$root/share/fish/vendor_completions.d/$name.fish"
done
echo "removed from $root"
