#!/usr/bin/env bash
# Starts a daemon with the memory store and measures the main job: throughput and the daemon's CPU.
set -euo pipefail
cd "$(dirname "$0")/.."
dir=$(mktemp -d)
.build/release/periodic-cli -d -H "unix://$dir/s" --store memory: --log-level error &
daemon=$!
trap 'kill $daemon 2>/dev/null; wait $daemon 2>/dev/null; rm -rf "$dir"' EXIT
until [ -S "$dir/s" ]; do sleep 0.05; done
for window in 1 64; do
  for grabs in 1 64; do
    printf 'K%s G%s: ' $window $grabs
    jobs=$((window == 64 ? 400000 : 60000))
    .build/release/bench run "$dir/s" --window $window --grabs $grabs --jobs $jobs --pid $daemon
  done
done
