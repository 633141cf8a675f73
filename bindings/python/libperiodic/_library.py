"""Loads the library and declares its functions."""

from __future__ import annotations

import ctypes
import os
import pathlib

from . import _bindings
from .errors import BY_CODE, PeriodicError


def _load() -> ctypes.CDLL:
    own = pathlib.Path(__file__).with_name("libperiodic.so.0")
    path = os.environ.get("LIBPERIODIC_SO") or (own if own.exists() else "libperiodic.so.0")
    # CDLL lets go of the interpreter's lock during each call; PyDLL would keep it.
    library = ctypes.CDLL(str(path))
    library.periodic_version_number.restype = ctypes.c_int
    if library.periodic_version_number() >> 8 != 0x0001:
        raise ImportError(f"{path} is not libperiodic 0.1")
    for name, (result, arguments) in _bindings.FUNCTIONS.items():
        function = getattr(library, name)
        function.restype = result
        function.argtypes = arguments
    return library


lib = _load()


def failure(code: int, detail: str = "") -> PeriodicError:
    """The exception of a code."""
    return BY_CODE.get(code, PeriodicError)(detail)


def limits() -> dict[str, int | None]:
    """The bounds that a server has unless its options say otherwise, by their names; None is no bound."""
    count = lib.periodic_limits(None, 0)
    table = (_bindings.periodic_limit * count)()
    lib.periodic_limits(table, count)
    return {row.name.decode(): row.value if row.value < 2**64 - 1 else None for row in table}


def features() -> list[str]:
    """What this build has, in words such as "inproc" and "sqlite=3.40.1"."""
    words: bytes = lib.periodic_features()
    return words.decode().split()
