"""What every object of the C library has in common in Python: one owned pointer."""

from __future__ import annotations

import ctypes
from typing import TypeVar

from ._library import failure, lib
from .errors import ClosedError, PeriodicError

Self = TypeVar("Self", bound="Handle")


class Handle:
    """Owns one C object. `close` ends it and may be called twice; `with` closes; so does garbage
    collection, as a last resort."""

    _pointer: int = 0
    _free_name: str

    def _own(self, code: int, pointer: ctypes.c_void_p) -> None:
        """Takes what a constructor of the C library has made, or raises why it did not."""
        self._check(code)
        self._pointer = pointer.value or 0

    @property
    def pointer(self) -> int:
        """The C pointer; raises ClosedError after `close`."""
        if not self._pointer:
            raise ClosedError(f"this {type(self).__name__} is closed")
        return self._pointer

    @property
    def closed(self) -> bool:
        """Whether it has been closed."""
        return not self._pointer

    def close(self) -> None:
        """Ends the object. Raises BusyError or WrongThreadError, and ends nothing, where that is not
        allowed."""
        if self._pointer:
            self._check(getattr(lib, self._free_name)(self._pointer))
            self._pointer = 0

    def _check(self, code: int) -> int:
        if code < 0:
            raise failure(code, self._detail())
        return code

    def _detail(self) -> str:
        """The sentence of the last failure."""
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
