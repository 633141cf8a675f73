"""The loop that servers, clients and workers live on."""

from __future__ import annotations

import ctypes
from collections.abc import Callable

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

    def step(self, most: int = -1) -> int:
        """One turn without waiting, which handles at most so many commands and completions.

        Returns how many; -1 is no bound.
        """
        return self._check(lib.periodic_loop_step(self.ptr(), most))

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

    def set_virtual_clock(self, start: float = 0.0) -> None:
        """Lets time begin at `start`, seconds since 1970, and stand still, before anything is on the loop.

        It moves by `advance`, and in calls that wait, where it jumps to the next deadline as soon as
        nobody on the loop has anything to do.
        """
        time = _bindings.periodic_time(monotonic_ms=0, wall_ms=round(start * 1000))
        self._check(lib.periodic_loop_set_virtual_clock(self.ptr(), ctypes.byref(time)))

    def advance(self, seconds: float) -> int:
        """Moves virtual time on; returns how many commands and completions were handled."""
        return self._check(lib.periodic_loop_advance(self.ptr(), round(seconds * 1000)))

    def set_random(self, random: Callable[[], int] | None) -> None:
        """Draws numbers of 64 bits from `random`, such as `lambda: generator.getrandbits(64)`."""
        callback = _bindings.periodic_random_cb()
        if random is not None:
            draw = random
            callback = _bindings.periodic_random_cb(lambda _: draw() & 0xFFFFFFFFFFFFFFFF)
        self._check(lib.periodic_loop_set_random(self.ptr(), callback, None, _bindings.periodic_destroy_cb()))
        self._random = callback

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
