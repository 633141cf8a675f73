#!/usr/bin/env bash
# Makes the Python wheel, installs it into an empty environment for each of several Pythons, and tests it there.
# Usage: scripts/python-tests.sh [pytest arguments]
#   PYTHONS       the versions (3.9 3.13), of PATH or of pyenv; those that are not on this machine are left out,
#                 and without any the python3 of PATH is used
#   LIBPERIODIC_SO  names another library
#   SANITIZED       names a library with clang's address sanitizer to be tested in the place of the wheel's
set -euo pipefail
cd "$(dirname "$0")/.."
export PIP_DISABLE_PIP_VERSION_CHECK=1

interpreter() { # version; a shim of pyenv may be in PATH that runs nothing
  local python
  for python in "python$1" "$HOME"/.pyenv/versions/"$1".*/bin/python; do
    "$python" -c "" 2>/dev/null && echo "$python" && return
  done
}

clean=(env -u LIBPERIODIC_SO)
if [ -n "${SANITIZED:-}" ]; then
  # Of the clang that Swift is linked with; what Python leaves at its end is not looked at.
  runtime=$(ls "$(dirname "$(readlink -f "$(command -v swift)")")"/../lib/clang/*/lib/linux/libclang_rt.asan-x86_64.so)
  clean=(env LIBPERIODIC_SO="$(realpath "$SANITIZED")" LD_PRELOAD="$runtime" ASAN_OPTIONS=detect_leaks=0)
fi

found=()
for version in ${PYTHONS:-3.9 3.13}; do
  python=$(interpreter "$version" || true)
  [ -z "$python" ] || found+=("$python")
done
[ ${#found[@]} -gt 0 ] || found=(python3)

scripts/wheel.sh >/dev/null
[ $# -gt 0 ] || set -- bindings/python/tests
for python in "${found[@]}"; do
  version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
  home=.build/venvs/libperiodic-$version
  if [ ! -e "$home/complete" ]; then
    rm -rf "$home"
    "$python" -m venv "$home"
    "$home/bin/pip" install --quiet pytest==8.4.2 libclang==18.1.1 mypy==1.18.2
    touch "$home/complete"
  fi
  "$home/bin/pip" install --quiet --force-reinstall --no-deps --no-index .build/wheel/*.whl
  echo "Python $version"
  "${clean[@]}" "$home/bin/python" -m pytest -q -c bindings/python/pyproject.toml "$@"
done
python3 bindings/python/tools/reference.py --check
