#!/usr/bin/env bash
# The main job for real: a daemon with a durable store, the script worker, jobs from the command line,
# from C, from Python and by HTTP, a second run, a delayed run, a crash and what survives it.
# Ends by itself, cleans up, and fails if any of it did not happen. `make demo` builds first.
set -euo pipefail
cd "$(dirname "$0")/.."

dir=$(mktemp -d)
pids=()
cleanup() {
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
  rm -rf "$dir"
}
trap cleanup EXIT

say() { printf '\n== %s\n' "$*"; }
die() {
  echo "demo: $*" >&2
  echo "-- the daemon's log:" >&2
  cat "$dir/daemon.log" >&2
  exit 1
}

# Waits until a line that matches stands in a file: until COUNT FILE PATTERN [SECONDS].
await() {
  local deadline=$((SECONDS + ${4:-15}))
  until [ "$(grep -c -- "$3" "$2" || true)" -ge "$1" ]; do
    [ $SECONDS -lt $deadline ] || die "'$3' did not appear $1 times in $(basename "$2")"
    sleep 0.05
  done
}

say "install into a directory"
PREFIX=$dir/usr DESTDIR='' scripts/install.sh
export PATH=$dir/usr/bin:$PATH PKG_CONFIG_PATH=$dir/usr/lib/pkgconfig
export PERIODIC_PORT=unix://$dir/periodic.sock

start_daemon() {
  : >"$dir/daemon.log"
  periodic -d -H "$PERIODIC_PORT" -H tcp://127.0.0.1:0 --store "file:$dir/jobs.sqlite" \
    2>"$dir/daemon.log" &
  daemon=$!
  pids+=("$daemon")
  await 1 "$dir/daemon.log" ready
  port=$(sed -n 's/.*listening on tcp:\/\/127\.0\.0\.1:\([0-9]*\).*/\1/p' "$dir/daemon.log")
  [ -n "$port" ] || die "the TCP port is not in the log"
}

say "periodic -d, with the SQLite store, on a Unix socket and a TCP port"
start_daemon
cat "$dir/daemon.log"
[ "$(periodic ping)" = PONG ] || die "no PONG"

say "a worker: periodic run -f ls5 --exec list-every-five-seconds.sh"
periodic run -f ls5 --exec "$PWD/examples/worker/list-every-five-seconds.sh" >"$dir/ls5.log" 2>&1 &
pids+=($!)
mkdir "$dir/shown"
touch "$dir/shown/a-file"
echo "periodic submit -f ls5 -n DIRECTORY"
[ "$(periodic submit -f ls5 -n "$dir/shown")" = SUCCESS ] || die "no SUCCESS"
await 1 "$dir/ls5.log" a-file
cat "$dir/ls5.log"

say "from C: gcc \$(pkg-config --cflags --libs periodic)"
# shellcheck disable=SC2046
gcc -o "$dir/submit" examples/c/submit.c $(pkg-config --cflags --libs periodic) \
  -Wl,-rpath,"$dir/usr/lib"
"$dir/submit" "$PERIODIC_PORT" print from-c hello

say "from Python: import libperiodic"
python3 -m venv "$dir/venv"
LIBPERIODIC_SO=$dir/usr/lib/libperiodic.so.0 \
  "$dir/venv/bin/pip" install --quiet --disable-pip-version-check ./bindings/python
"$dir/venv/bin/python" examples/python/submit.py "tcp://127.0.0.1:$port" print from-python hello

say "by HTTP: curl"
reply=$(curl --silent --show-error -d func=print -d name=from-curl -d args=hello \
  "http://127.0.0.1:$port")
echo "$reply"
[ "$reply" = '{"msg": "SUCCESS"}' ] || die "no SUCCESS from HTTP"

say "a worker that prints: each of the three runs"
cat >"$dir/print.sh" <<'SCRIPT'
#!/usr/bin/env bash
echo "$(date +%s) $1 says $(cat)"
SCRIPT
chmod +x "$dir/print.sh"
periodic run -f print --exec "$dir/print.sh" >"$dir/print.log" 2>&1 &
printer=$!
pids+=("$printer")
for name in from-c from-python from-curl; do await 1 "$dir/print.log" "$name says hello"; done
cat "$dir/print.log"

say "a job that is due in three seconds runs then, and not before"
due=$(($(date +%s) + 3))
periodic submit print later -w hello --later 3
await 1 "$dir/print.log" 'later says hello'
ran=$(sed -n 's/ later says hello//p' "$dir/print.log")
echo "due at $due, ran at $ran"
[ "$ran" -ge "$due" ] && [ "$ran" -le $((due + 2)) ] || die "it was due at $due and ran at $ran"

say "the script's job comes again after five seconds"
await 2 "$dir/ls5.log" a-file
echo "it ran $(grep -c a-file "$dir/ls5.log") times"

say "periodic status"
kill "$printer"
wait "$printer" || die "the worker did not end well"
periodic submit print survivor -w 'I was there before the crash'
periodic status | tee "$dir/status"
grep -q '^print  *0  *1 ' "$dir/status" || die "the waiting job is not in the status"

say "kill -9, and start again"
before=$(grep -c a-file "$dir/ls5.log")
kill -9 "$daemon"
wait "$daemon" 2>/dev/null || true
start_daemon
periodic status
periodic run -f print --exec "$dir/print.sh" >"$dir/survivor.log" 2>&1 &
pids+=($!)
await 1 "$dir/survivor.log" 'survivor says I was there before the crash'
cat "$dir/survivor.log"
await $((before + 1)) "$dir/ls5.log" a-file 40
echo "and the script's worker has come back: its job ran $(grep -c a-file "$dir/ls5.log") times"

say "a graceful end"
kill "$daemon"
wait "$daemon" || die "the daemon did not end well"
echo "all of it happened"
