#!/usr/bin/env bash
# Measures everything beside the others and writes .build/bench: results.json, table.md, *.png.
# QUICK=1 for a short form, ROUNDS, ONLY=submit,ping for some of it, OTHER for a second daemon to compare with.
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p .build/bench
arguments=()
[ -z "${QUICK:-}" ] || arguments+=(--quick)
[ -z "${ROUNDS:-}" ] || arguments+=(--rounds "$ROUNDS")
[ -z "${SCALE:-}" ] || arguments+=(--scale "$SCALE")
[ -z "${ONLY:-}" ] || arguments+=(--only "$ONLY")
[ -z "${OTHER:-}" ] || arguments+=(--other "$OTHER")
library=$(realpath "${LIBPERIODIC_SO:-.build-library/release/libperiodic.so}")
ln -sf "$library" .build/bench/libperiodic.so.0
ln -sf libperiodic.so.0 .build/bench/libperiodic.so
gcc -O2 -Iinclude -o .build/bench/inproc Tests/cbench/inproc.c -L.build/bench -lperiodic -lpthread \
  -Wl,-rpath,"$PWD/.build/bench"
# shellcheck disable=SC2046
gcc -O2 -o .build/bench/echo Tests/cbench/echo.c $(pkg-config --cflags --libs libuv)
# Debian's matplotlib is for Debian's Python.
python=python3
python3 -c 'import matplotlib' 2>/dev/null || python=/usr/bin/python3
exec $python -B scripts/bench/run.py "${arguments[@]}"
