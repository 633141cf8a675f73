#!/usr/bin/env bash
# Installs the release build to PREFIX, below DESTDIR if given: programs, library, headers, pkg-config
# and CMake files, man pages, completion. LIBDIR is where the library goes (PREFIX/lib). What was put
# where is listed in PREFIX/share/periodic/installed, for uninstall.sh.
# PERIODIC and LIBPERIODIC_SO name other builds.
set -euo pipefail
cd "$(dirname "$0")/.."
program=${PERIODIC:-.build/release/periodic-cli}
library=${LIBPERIODIC_SO:-.build-library/release/libperiodic.so}
libdir=${LIBDIR:-$PREFIX/lib}
include=$PREFIX/include
version=$(sed -n 's/^#define PERIODIC_VERSION "\(.*\)"/\1/p' include/periodic.h)

# Everything is made in a directory of its own first, so that a failure leaves no half of it.
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
umask 022
root=$stage$PREFIX

install -d "$root/bin"
install -m 755 -s "$program" "$root/bin/periodic"
for name in periodicd periodic-run periodic-run-pipe; do ln -s periodic "$root/bin/$name"; done

# The real name has the whole version; programs look for the SONAME, the linker for the plain name.
install -d "$stage$libdir"
install -m 755 -s "$library" "$stage$libdir/libperiodic.so.$version"
ln -s "libperiodic.so.$version" "$stage$libdir/libperiodic.so.0"
ln -s libperiodic.so.0 "$stage$libdir/libperiodic.so"
install -D -m 644 -t "$stage$include" include/periodic.h
install -D -m 644 -t "$stage$include/periodic" bindings/c/periodic_*.h

fill() { # template, file
  install -D -m 644 "$1" "$2"
  sed -i -e "s|@PREFIX@|$PREFIX|g" -e "s|@VERSION@|$version|g" \
    -e "s|@LIBDIR@|${libdir/#"$PREFIX/"/'${prefix}/'}|g" \
    -e "s|@INCLUDE@|$(realpath -ms --relative-to="$libdir/cmake/periodic" "$include")|g" "$2"
}
fill bindings/c/periodic.pc.in "$stage$libdir/pkgconfig/periodic.pc"
for name in periodicConfig periodicConfigVersion; do
  fill "bindings/c/$name.cmake.in" "$stage$libdir/cmake/periodic/$name.cmake"
done

for section in 1 5 8; do
  install -D -m 644 -t "$root/share/man/man$section" docs/man/*.$section
done
python3 scripts/man-pages-c.py "$root/share/man/man3"

install -d "$root/share/bash-completion/completions" "$root/share/zsh/site-functions" \
  "$root/share/fish/vendor_completions.d"
for name in periodic periodic-run periodic-run-pipe; do
  # With "=": a word apart would belong to a worker's command line, and $SHELL would be asked.
  # A file that is sourced needs no first line for the kernel.
  "$root/bin/$name" --generate-completion-script=bash | sed '1{/^#!/d}' \
    >"$root/share/bash-completion/completions/$name"
  "$root/bin/$name" --generate-completion-script=zsh >"$root/share/zsh/site-functions/_$name"
  "$root/bin/$name" --generate-completion-script=fish \
    >"$root/share/fish/vendor_completions.d/$name.fish"
done

# What an earlier version put there goes first. Directories are listed only if they are new.
list=$PREFIX/share/periodic/installed
[ ! -e "$DESTDIR$list" ] || scripts/uninstall.sh >/dev/null
install -D -m 644 /dev/null "$stage$list"
[ -z "$DESTDIR" ] || mkdir -p "$DESTDIR"
target=$(realpath "$DESTDIR/")
cd "$stage"
mapfile -t files < <(find . ! -type d -printf '/%P\n')
mapfile -t directories < <(find . -mindepth 1 -type d -printf '/%P\n' | LC_ALL=C sort)
for path in "${directories[@]}"; do
  [ -d "$target$path" ] || echo "$path/"
done >"$stage$list"
mapfile -t directories <"$stage$list"
printf '%s\n' "${files[@]}" >>"$stage$list"
[ ${#directories[@]} -eq 0 ] || mkdir "${directories[@]/#/$target}"
cp -P --remove-destination --parents "${files[@]/#/.}" "$target/"
echo "installed to $DESTDIR$PREFIX"
