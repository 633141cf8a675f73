#!/usr/bin/env bash
# Runs seeds of the simulator, and the first fifty of them in a second process: nothing may depend
# on what differs between processes, such as the seed of Swift's hashing.
# Usage: scripts/simulate.sh SEED COUNT
set -euo pipefail
cd "$(dirname "$0")/.."
simulate=.build/release/simulate
few=$(($2 < 50 ? $2 : 50))

"$simulate" --seed "$1" --count "$2"
first=$("$simulate" --seed "$1" --count "$few")
second=$("$simulate" --seed "$1" --count "$few")
[ "$first" = "$second" ] || { echo "two processes differ: $first / $second" >&2; exit 1; }
echo "two processes agree on: $first"
