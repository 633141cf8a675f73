#!/usr/bin/env bash
# CPU time a job takes from submit to done inside one process, beside the same over a Unix socket, and beside
# an item that only goes from a caller through a queue and a loop to a callback: what the machine is like just then.
# Usage: scripts/bench-inproc.sh [jobs]; ROUNDS (5)
set -euo pipefail
cd "$(dirname "$0")/.."
[ -n "${LIBPERIODIC_SO:-}" ] || scripts/build-library.sh >&2
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
ln -s "$(realpath "${LIBPERIODIC_SO:-.build-library/release/libperiodic.so}")" "$home/libperiodic.so.0"
ln -s libperiodic.so.0 "$home/libperiodic.so"
gcc -O2 -Iinclude -o "$home/inproc" Tests/cbench/inproc.c -L"$home" -lperiodic -lpthread -Wl,-rpath,"$home"
# shellcheck disable=SC2046
gcc -O2 -o "$home/echo" Tests/cbench/echo.c $(pkg-config --cflags --libs libuv)
for _ in $(seq "${ROUNDS:-5}"); do
  "$home/echo" "${1:-1000000}"
  "$home/inproc" one "${1:-1000000}"
  "$home/inproc" two "${1:-1000000}"
  "$home/inproc" one "${1:-1000000}" "unix://$home/s"
done
