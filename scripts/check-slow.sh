#!/usr/bin/env bash
# What does not fit into ten minutes, in two lanes beside each other, each with its output in .build/slow:
#   server   1,000 seeds of the simulator, each codec fuzzed for ten seconds, the calls of a store failing in
#            turn, three hundred damaged files, a million jobs deleted from a file, dumped and loaded, a hundred
#            crashes, fifty power cuts and a hundred failures of the disk of the release daemon
#   library  instructions per job, loops on several threads under the thread sanitizer, misuse of a library built
#            with the address sanitizer, the Python package on every Python and on that library, Debian packages
# Run by `make check-slow`, which builds daemon and library first. Usage: scripts/check-slow.sh [LANE ...]
set -euo pipefail
cd "$(dirname "$0")/.."
export PERIODIC=$PWD/.build/release/periodic-cli

server() {
  swift build -c release --product simulate
  scripts/simulate.sh 1 1000
  FUZZ_SECONDS=10 scripts/fuzz.sh

  swift build --build-tests
  PERIODIC_EVERY_CALL=1 swift test --skip-build --filter "Every store in trouble"
  DAMAGE_COUNT=300 swift test --skip-build --filter "Checking and salvaging a store"
  COMPACTION_JOBS=1000000 swift test --skip-build --filter "A file that is compacted"

  PERIODIC_DUMP_JOBS=1000000 scripts/integration-tests.sh Tests/integration/test_dump_load.py
  PERIODIC_LOAD_JOBS=150000 scripts/integration-tests.sh Tests/integration/test_administration.py
  PERIODIC_CRASH_RUNS=100 PERIODIC_POWER_CUTS=50 PERIODIC_DISK_FAILURES=100 \
    scripts/integration-tests.sh Tests/integration/test_crash.py \
    Tests/integration/test_power_cut.py Tests/integration/test_failing_disk.py
}

library() {
  scripts/instructions.sh
  scripts/thread-check.sh

  # The library itself under the address sanitizer, misused in every way that docs/errors.md lists.
  SCRATCH=.build-sanitized scripts/build-library.sh --sanitize=address
  LIBPERIODIC_ASAN=.build-sanitized/release/libperiodic.so \
    scripts/integration-tests.sh Tests/integration/test_errors.py

  # The Python package: on each Python that is there, a million jobs on one, and on the sanitized library.
  PYTHONS="3.10 3.11 3.12" scripts/python-tests.sh
  PYTHONS=3.13 PERIODIC_PYTHON_JOBS=1000000 scripts/python-tests.sh bindings/python/tests/test_leaks.py
  PYTHONS=3.13 SANITIZED=.build-sanitized/release/libperiodic.so scripts/python-tests.sh bindings/python/tests \
    --ignore-glob='*/test_types.py' --ignore-glob='*/test_leaks.py' --ignore-glob='*/test_packaging.py'

  scripts/integration-tests.sh Tests/integration/test_deb.py
}

if [ "${1:-}" = --lane ]; then
  set -x
  "$2"
  exit
fi

[ $# -gt 0 ] || set -- server library
# Both need them, and may make neither at the same time as the other.
scripts/setup.sh debhelper
scripts/integration-tests.sh --version
mkdir -p .build/slow
lanes=()
trap 'for lane in "${lanes[@]}"; do kill -- -"${lane#*:}" 2>/dev/null || true; done' EXIT
trap 'exit 1' INT TERM
# Each in a process group of its own: a shell's other background programs ignore SIGINT, which tests send.
set -m
for lane in "$@"; do
  scripts/check-slow.sh --lane "$lane" >".build/slow/$lane" 2>&1 &
  lanes+=("$lane:$!")
done
failed=0
for lane in "${lanes[@]}"; do
  wait "${lane#*:}" || failed=1
  cat ".build/slow/${lane%:*}"
done
exit $failed
