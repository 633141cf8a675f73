#!/usr/bin/env bash
# Tests against the built daemon: makes one environment for pytest and one for each released client.
# Usage: scripts/integration-tests.sh [pytest arguments]; PERIODIC names another binary.
set -euo pipefail
cd "$(dirname "$0")/.."
export PERIODIC_VENVS=$PWD/.build/venvs

environment() { # name, packages ...
  local home=$PERIODIC_VENVS/$1
  shift
  [ "$(cat "$home/complete" 2>/dev/null)" = "$*" ] && return
  rm -rf "$home"
  python3 -m venv "$home"
  "$home/bin/pip" install --quiet --disable-pip-version-check "$@"
  echo "$*" >"$home/complete"
}

environment pytest pytest==9.0.3 pytest-xdist==3.8.0
# The pool that 1.0.0 imports needs nothing else; 0.1.6 is an sdist that setuptools builds.
environment aio-periodic-1.0.0 aio-periodic==1.0.0
environment aio-periodic-0.2.8 aio-periodic==0.2.8
environment aio-periodic-0.2.1 aio-periodic==0.2.1
environment aio-periodic-0.1.6 setuptools aio-periodic==0.1.6

# All of them run in two processes, a file in one. The Debian packages have their time in the slow checks.
[ $# -gt 0 ] || set -- -n 2 --dist loadfile Tests/integration --ignore Tests/integration/test_deb.py
exec "$PERIODIC_VENVS/pytest/bin/python" -m pytest -q -p no:cacheprovider "$@"
