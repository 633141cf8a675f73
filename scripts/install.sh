#!/usr/bin/env bash
# Installs the release build: binaries, library, header, pkg-config file, man pages, completion.
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
for page in docs/man/*; do
  install -D -m 644 "$page" "$root/share/man/man${page##*.}/${page##*/}"
done
install -d "$root/share/bash-completion/completions" "$root/share/zsh/site-functions" \
  "$root/share/fish/vendor_completions.d"
for name in periodic periodic-run periodic-run-pipe; do
  # With "=": a word apart would belong to a worker's command line, and $SHELL would be asked.
  "$root/bin/$name" --generate-completion-script=bash \
    >"$root/share/bash-completion/completions/$name"
  "$root/bin/$name" --generate-completion-script=zsh >"$root/share/zsh/site-functions/_$name"
  "$root/bin/$name" --generate-completion-script=fish \
    >"$root/share/fish/vendor_completions.d/$name.fish"
done
echo "installed to $root"
