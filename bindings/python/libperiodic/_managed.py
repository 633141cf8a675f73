"""What every object of the C library has in common in Python: one owned pointer."""

from __future__ import annotations

import ctypes
from typing import TypeVar

from . import _bindings
from ._ffi import lib
from .errors import BY_CODE, Closed, PeriodicError  # type: ignore[attr-defined]

Self = TypeVar("Self", bound="Managed")


class Managed:
    """Owns one C object. `close` ends it and may be called twice; `with` closes; so does garbage
    collection, as a last resort."""

    _pointer: ctypes.c_void_p | None = None
    _free_name: str

    def ptr(self) -> ctypes.c_void_p:
        """The C pointer; raises Closed after `close`."""
        if self._pointer is None:
            raise Closed(f"this {type(self).__name__} is closed")
        return self._pointer

    @property
    def closed(self) -> bool:
        return self._pointer is None

    def close(self) -> None:
        """Ends the object. Raises Busy or WrongThread, and ends nothing, where that is not allowed."""
        if self._pointer is None:
            return
        code = getattr(lib, self._free_name)(self._pointer)
        if code < 0:
            raise self._error(code)
        self._pointer = None

    def _error(self, code: int) -> PeriodicError:
        return BY_CODE.get(code, PeriodicError)(self._detail())

    def _detail(self) -> str:
        return ""

    def __enter__(self: Self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        try:
            self.close()
        except PeriodicError:
            # Another thread's, or something is still on it: the process's end frees it.
            return


def milliseconds(seconds: float | None) -> int:
    """A timeout as the C library has it; None is for ever."""
    if seconds is None:
        return -1
    return max(0, min(round(seconds * 1000), 0x7FFFFFFF))


def connection_options(
    identity: str | bytes | None, token: str | bytes | None, data_bytes: int = 0
) -> _bindings.periodic_connection_options:
    """How a client or worker connects, as the C library has it."""
    options = _bindings.periodic_connection_options()
    options.size = ctypes.sizeof(options)
    options.data_bytes = data_bytes
    # The struct holds addresses only; what they point to stays with it.
    options._keep = name, word = as_bytes(identity or b""), as_bytes(token or b"")
    options.identity, options.identity_length = address_of(name), len(name)
    options.token, options.token_length = address_of(word), len(word)
    return options


def address_of(data: bytes) -> int | None:
    return ctypes.cast(ctypes.c_char_p(data), ctypes.c_void_p).value


def as_bytes(name: str | bytes) -> bytes:
    """Names may be given as text or as bytes; text is UTF-8."""
    return name.encode() if isinstance(name, str) else bytes(name)
