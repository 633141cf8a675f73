#!/usr/bin/env bash
# Installs the Python package into an empty environment, with the library inside, and tests it there.
# Usage: scripts/python-tests.sh [pytest arguments]; LIBPERIODIC_SO names another library.
set -euo pipefail
cd "$(dirname "$0")/.."
home=.build/venvs/libperiodic

[ -n "${LIBPERIODIC_SO:-}" ] || scripts/build-library.sh
if [ ! -e "$home/complete" ]; then
  rm -rf "$home"
  python3 -m venv "$home"
  "$home/bin/pip" install --quiet --disable-pip-version-check pytest==9.0.3 libclang==18.1.1
  touch "$home/complete"
fi
"$home/bin/pip" install --quiet --disable-pip-version-check --force-reinstall ./bindings/python
unset LIBPERIODIC_SO
"$home/bin/python" -m pytest -q -p no:cacheprovider "${@:-bindings/python/tests}"
