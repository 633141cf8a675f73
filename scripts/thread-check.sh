#!/usr/bin/env bash
# Runs programs with loops on several threads under the thread sanitizer, with a library built for it.
# Usage: scripts/thread-check.sh [jobs]
set -euo pipefail
cd "$(dirname "$0")/.."
jobs=${1:-2000}
scratch=.build-threads
swift build --product periodic --sanitize=thread --disable-build-manifest-caching --scratch-path "$scratch"

library=$PWD/$scratch/debug
runtime=$(swift -print-target-info | sed -n '/runtimeLibraryPaths/{n;s/.*"\(.*\)".*/\1/p}')
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
# The sanitizer's own library asks for libdispatch.
for source in Tests/integration/threads.c Tests/cbench/inproc.c; do
  "$(dirname "$(readlink -f "$(command -v swift)")")/clang" -fsanitize=thread -O1 -g -Iinclude "$source" \
    -o "$home/$(basename "$source" .c)" -L"$library" -lperiodic -lpthread -L"$runtime" -ldispatch -lBlocksRuntime \
    -Wl,-rpath,"$library" -Wl,-rpath,"$runtime"
done
"$home/threads" "$home/store" "$jobs"
"$home/inproc" two "$jobs"
"$home/inproc" two "$jobs" "unix://$home/s"
