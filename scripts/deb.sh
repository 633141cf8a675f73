#!/usr/bin/env bash
# Makes the Debian packages libperiodic0, libperiodic-dev and periodic in DEBS (.build/deb).
# PERIODIC and LIBPERIODIC_SO name programs that were built already.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh debhelper
# Built here, because debhelper has a home of its own, where SwiftPM would not know its mirrors.
if [ -z "${PERIODIC:-}" ]; then
  make library daemon
  export PERIODIC=$PWD/.build/release/periodic-cli
fi
DEBS=$(realpath -m "${DEBS:-.build/deb}")
export DEBS DEB_RULES_REQUIRES_ROOT=no
mkdir -p "$DEBS"
trap 'dh_clean >/dev/null' EXIT
dh_clean
debian/rules binary
