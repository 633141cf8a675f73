#!/usr/bin/env bash
# How long dlopen() of the release library takes, how large it is stripped, and what it needs.
# Usage: scripts/bench-load.sh; ROUNDS (101) processes, of which the median and the worst count
set -euo pipefail
cd "$(dirname "$0")/.."
[ -n "${LIBPERIODIC_SO:-}" ] || scripts/build-library.sh >&2
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
strip -o "$home/libperiodic.so" "${LIBPERIODIC_SO:-.build-library/release/libperiodic.so}"
gcc -O2 -o "$home/load" Tests/cbench/load.c -ldl

measure() { # name, argument ...
  for _ in $(seq "${ROUNDS:-101}"); do "$home/load" "$home/libperiodic.so" "${@:2}"; done | sort -n |
    awk -v name="$1" '{ms[NR] = $1} END {print name ": " ms[int((NR + 1) / 2)] " ms, at worst " ms[NR] " ms"}'
}
measure "dlopen, lazy"
measure "dlopen, now" now
echo "stripped: $(stat -c %s "$home/libperiodic.so") bytes"
echo "needs: $(readelf -d "$home/libperiodic.so" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | paste -sd ' ')"
