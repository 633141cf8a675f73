#!/usr/bin/env bash
# Fuzzes each codec, and the server core, with libFuzzer under the address sanitizer, each for
# FUZZ_SECONDS (600). The inputs of Tests/Fixtures/fuzz come first; what is found on the way is kept
# in .build-fuzz/corpus, and an input that breaks a property in .build-fuzz/findings.
# Usage: scripts/fuzz.sh [TARGET ...]; FUZZ_JOBS targets run at a time (2).
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${FUZZ_SECONDS:-600}
scratch=${FUZZ_SCRATCH:-$PWD/.build-fuzz}
resources=$(dirname "$(dirname "$(readlink -f "$(command -v swiftc)")")")/lib/clang
runtime=$(find "$resources"/*/lib -name 'libclang_rt.fuzzer_no_main-x86_64.a' | head -1)
[ -n "$runtime" ] || { echo "the toolchain has no libFuzzer" >&2; exit 1; }

# SwiftPM 6.3 cannot go on from a build with other sources here ("unknown build description").
rm -f "$scratch"/*.yaml "$scratch/build.db"
swift build -c release --product fuzz --scratch-path "$scratch" --sanitize=address \
  -Xswiftc -DFUZZER -Xswiftc -sanitize-coverage=edge,inline-8bit-counters,pc-table,trace-cmp \
  -Xcc -fsanitize-coverage=edge,inline-8bit-counters,pc-table,trace-cmp \
  -Xlinker "$runtime" -Xlinker -lstdc++ -Xlinker -lm
fuzz=$scratch/release/fuzz
export SWIFT_BACKTRACE=enable=no ASAN_OPTIONS=detect_leaks=${FUZZ_LEAKS:-0}

targets=("$@")
[ $# -gt 0 ] || mapfile -t targets < <("$fuzz")

fuzz_one() {
  mkdir -p "$scratch/corpus/$1" "$scratch/findings"
  if "$fuzz" "$1" -max_total_time="$seconds" -max_len=4096 -timeout=10 -rss_limit_mb=2048 \
    -print_final_stats=1 -artifact_prefix="$scratch/findings/$1-" \
    "$scratch/corpus/$1" "Tests/Fixtures/fuzz/$1" >"$scratch/$1.log" 2>&1; then
    inputs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$scratch/$1.log")
    echo "$1: no finding, $inputs inputs"
  else
    tail -40 "$scratch/$1.log" >&2
    echo "$1: see $scratch/$1.log" >&2
    return 1
  fi
}
export -f fuzz_one
export fuzz scratch seconds
printf '%s\n' "${targets[@]}" | xargs -P "${FUZZ_JOBS:-2}" -I{} bash -c 'fuzz_one {}'
