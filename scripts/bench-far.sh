#!/usr/bin/env bash
# Jobs an hour ahead in a durable store: memory, speed of submitting, start, and latency of PING
# meanwhile, and while they are dumped, backed up and dropped, and the file gets smaller. COUNTS are
# the numbers of jobs, ascending; BENCH_DIR is a directory on a disk.
set -euo pipefail
cd "$(dirname "$0")/.."
counts=(${COUNTS:-1000000 5000000})
bench=.build/release/bench
# PING is sent by a real-time process where that is allowed: what is measured is how late the server
# is, not the process that asks it.
ping=$bench
! chrt -f 1 true 2>/dev/null || ping="chrt -f 1 $bench"
daemon_program=${DAEMON:-.build/release/periodic-cli}
dir=$(realpath "$(mktemp -d "${BENCH_DIR:-.build}/far.XXXXXX")")
daemon=
trap '[ -z "$daemon" ] || kill -9 $daemon 2>/dev/null; rm -rf "$dir"' EXIT

start() {
  local begun=$EPOCHREALTIME
  "$daemon_program" -d -H "unix://$dir/s" --store "file:$dir/jobs" --log-level error &
  daemon=$!
  $bench ready "$dir/s"
  echo "ready after $(awk "BEGIN {print $EPOCHREALTIME - $begun}") s"
}
stop() { kill $daemon; wait $daemon || true; rm -f "$dir/s"; daemon=; }
memory() { awk '/^VmRSS/ {print $2 * 1024}' /proc/$daemon/status; }
# Runs a command while PING is sent every millisecond.
pinged() {
  local what=$1
  shift
  $ping ping "$dir/s" --seconds ${PING_SECONDS:-5} > "$dir/ping" &
  local pinging=$!
  local result=
  "$@" > "$dir/out" 2>&1 || result=" (failed: $(head -c 200 "$dir/out"))"
  wait $pinging
  echo "$what$result: $(cat "$dir/ping")"
}

start
# What this machine does to anybody's timing.
pinged "idle" true
before=0
declare -A loaded
for count in "${counts[@]}"; do
  echo "== $count jobs"
  $ping ping "$dir/s" --seconds 4 > "$dir/ping" &
  pinging=$!
  $bench fill "$dir/s" --first $before --count $((count - before))
  wait $pinging
  echo "while submitting: $(cat "$dir/ping")"
  before=$count
  sleep 1
  echo "memory $(memory) bytes, store $(stat -c %s "$dir/jobs") bytes"
  stop
  start
  loaded[$count]=$(memory)
  echo "memory after a start ${loaded[$count]} bytes"
  pinged "while dumping" "$daemon_program" -H "unix://$dir/s" dump "$dir/dump" --format jsonl
  rm -f "$dir/dump"
  pinged "while backing up" "$daemon_program" -H "unix://$dir/s" backup "$dir/copy" --json
  echo "backup: $(cat "$dir/out")"
  rm -f "$dir/copy"
done
first=${counts[0]}
last=${counts[-1]}
if [ "$last" != "$first" ]; then
  echo "bytes a job, from $first to $last:" \
    $(((loaded[$last] - loaded[$first]) / (last - first)))
fi
pinged "while dropping" $bench drop "$dir/s"
cat "$dir/out"
for _ in {1..10}; do
  echo "store $(stat -c %s "$dir/jobs") bytes, log $(stat -c %s "$dir/jobs-wal")"
  [ "$(stat -c %s "$dir/jobs")" -gt $((64 << 20)) ] || break
  pinged "while it gets smaller" true
done
stop
