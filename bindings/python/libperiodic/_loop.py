"""The loop that servers, clients and workers live on."""

from __future__ import annotations

import ctypes

from . import _bindings
from ._ffi import lib
from ._managed import Managed


class Loop(Managed):
    """Drives what is made on it. It belongs to the thread that made it, or called `adopt` last.

    Either `run` it, or let a loop of your own wait for `fileno()` or `timeout()` and call `step`;
    blocking calls of clients and workers drive it too.
    """

    _free_name = "periodic_loop_free"

    def __init__(self) -> None:
        pointer = ctypes.c_void_p()
        self._check(lib.periodic_loop_new(ctypes.byref(pointer)))
        self._pointer = pointer

    def fileno(self) -> int:
        """A descriptor that is readable when there is something to do (for select and asyncio)."""
        return self._check(lib.periodic_loop_fd(self.ptr()))

    def timeout(self) -> float | None:
        """Seconds to wait for the descriptor at most; None if only input can bring work."""
        # -1 is an answer here, and also a code of none of our errors for a living loop.
        milliseconds = lib.periodic_loop_timeout_ms(self.ptr())
        if milliseconds < -1:
            raise self._error(milliseconds)
        return None if milliseconds < 0 else milliseconds / 1000

    def step(self) -> None:
        """One turn without waiting."""
        self._check(lib.periodic_loop_step(self.ptr()))

    def run(self) -> None:
        """Waits and works until `stop`."""
        self._check(lib.periodic_loop_run(self.ptr()))

    def stop(self) -> None:
        """Makes `run` return."""
        self._check(lib.periodic_loop_stop(self.ptr()))

    def wake(self) -> None:
        """Ends a wait in `run`; from any thread."""
        self._check(lib.periodic_loop_wake(self.ptr()))

    def adopt(self) -> None:
        """Makes the calling thread the owner."""
        self._check(lib.periodic_loop_adopt(self.ptr()))

    def time(self) -> float:
        """The loop's wall clock, seconds since 1970."""
        now = _bindings.periodic_time()
        self._check(lib.periodic_loop_now(self.ptr(), ctypes.byref(now)))
        return float(now.wall_ms / 1000)

    def _check(self, code: int) -> int:
        if code < 0:
            raise self._error(code)
        return code

    def _detail(self) -> str:
        if self._pointer is None:
            return ""
        buffer = ctypes.create_string_buffer(512)
        lib.periodic_loop_error(self._pointer, buffer, len(buffer))
        return buffer.value.decode(errors="replace")


class OnLoop(Managed):
    """What is made on a loop, whose failures the loop tells."""

    loop: Loop

    def _check(self, code: int) -> int:
        if code < 0:
            raise self._error(code)
        return code

    def _detail(self) -> str:
        return self.loop._detail()
