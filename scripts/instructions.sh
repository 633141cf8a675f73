#!/usr/bin/env bash
# Instructions a job takes from submit to done inside one process, counted by callgrind: fixed seed, virtual
# time, memory store. What a start takes is not in it: it is the slope between two numbers of jobs. Fails if
# it is more than 3 % from Tests/cbench/baseline.txt. Usage: scripts/instructions.sh; UPDATE=1 writes that
# file; RUNS (1) repeats, and says how far the runs are apart; LIBPERIODIC_SO names another library.
set -euo pipefail
cd "$(dirname "$0")/.."
baseline=Tests/cbench/baseline.txt
few=6400
many=38400
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
# Valgrind cannot read what the Swift compiler says for debuggers.
strip -g -o "$home/libperiodic.so.0" "${LIBPERIODIC_SO:-.build-library/release/libperiodic.so}"
ln -s libperiodic.so.0 "$home/libperiodic.so"
gcc -O2 -Iinclude -o "$home/inproc" Tests/cbench/inproc.c -L"$home" -lperiodic -lpthread -Wl,-rpath,"$home"

# Dictionaries of the process hash alike in each run.
export SWIFT_DETERMINISTIC_HASHING=1
count() { # jobs
  valgrind --tool=callgrind --callgrind-out-file="$home/profile" "$home/inproc" same "$1" > "$home/out" 2>&1 ||
    { cat "$home/out" >&2; return 1; }
  awk '/^summary:/ {print $2}' "$home/profile"
}

slopes=()
for _ in $(seq "${RUNS:-1}"); do
  begin=$(count $few)
  end=$(count $many)
  slopes+=($(((end - begin) / (many - few))))
  echo "$few jobs: $begin instructions, $many jobs: $end; ${slopes[-1]} a job"
done
sorted=($(printf '%s\n' "${slopes[@]}" | sort -n))
found=${sorted[$((${#sorted[@]} / 2))]}
echo "runs are $(awk "BEGIN {printf \"%.2f\", (${sorted[-1]} / ${sorted[0]} - 1) * 100}") % apart"
if [ -n "${UPDATE:-}" ]; then
  echo "$found" > $baseline
  echo "$baseline: $found"
  exit 0
fi
stored=$(cat $baseline)
awk "BEGIN {
  change = ($found / $stored - 1) * 100
  printf \"%d instructions a job, %+.2f %% from the stored %d\n\", $found, change, $stored
  exit change > 3 || change < -3
}" || { echo "more than 3 % apart: if that is meant, make instructions UPDATE=1" >&2; exit 1; }
