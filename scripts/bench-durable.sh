#!/usr/bin/env bash
# The daemon side by side with Redis and beanstalkd, each with every acknowledged job on the disk.
# Needs Debian's redis-server and beanstalkd. BENCH_DIR is a directory on a disk that is measured,
# ROUNDS and JOBS say how long; BENCH_JSON names a file for the figures.
set -euo pipefail
cd "$(dirname "$0")/.."
for program in redis-server beanstalkd; do
  command -v $program >/dev/null || { echo "$program is missing: apt-get install it" >&2; exit 1; }
done
parent=${BENCH_DIR:-.build}
dir=$(mktemp -d "$parent/durable.XXXXXX")
trap 'rm -rf "$dir"' EXIT
kind=$(stat -f -c %T "$dir")
if [ "$kind" = tmpfs ] || [ "$kind" = ramfs ]; then
  echo "$parent is in memory: set BENCH_DIR to a directory on a disk" >&2
  exit 1
fi
echo "$(nproc) cores, $kind; $(redis-server --version | cut -d' ' -f3), beanstalkd" \
  "$(beanstalkd -v | cut -d' ' -f2)"
.build/release/bench rivals "$(realpath "$dir")" --rounds "${ROUNDS:-5}" --jobs "${JOBS:-300000}" \
  --json "${BENCH_JSON:-/dev/null}"
