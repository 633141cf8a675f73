#!/usr/bin/env bash
# Compares the Python package with other queues in one run, and writes docs/python-performance.md.
# Usage: scripts/bench-python.sh [rounds (3)]; QUICK=1 has a tenth of the jobs and writes nothing; PYTHON is the
# interpreter; ONLY=libperiodic,huey measures what begins so.
# Needs the release library and daemon (`make library daemon`) and redis-server.
set -euo pipefail
cd "$(dirname "$0")/.."
home=.build/venvs/bench-python

scripts/setup.sh redis-server
scripts/wheel.sh >/dev/null
if [ ! -e "$home/complete" ]; then
  rm -rf "$home"
  "${PYTHON:-python3}" -m venv "$home"
  "$home/bin/pip" install --quiet --disable-pip-version-check \
    rq==3.0.0 huey==3.5.4 arq==0.28.0 'redis[hiredis]' aio-periodic==1.0.0
  touch "$home/complete"
fi
"$home/bin/pip" install --quiet --disable-pip-version-check --force-reinstall --no-deps .build/wheel/*.whl
exec "$home/bin/python" scripts/bench/python_queues.py table "${1:-3}"
