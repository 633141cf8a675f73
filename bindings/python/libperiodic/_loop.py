"""The loop that servers, clients and workers live on."""

from __future__ import annotations

import ctypes
import time as clock
from collections.abc import Callable, Iterator

from . import _bindings
from ._handle import Handle, milliseconds
from ._library import lib


class Loop(Handle):
    """Drives what is made on it. It belongs to the thread that made it, or called `adopt` last.

    Most programs need none: a `Server` has a thread of its own, clients and workers make theirs, and
    the asyncio classes use the running event loop. Give one loop to several objects, as `loop=`, to
    have them all in one thread; with a virtual clock, that makes time a number that a test sets.

    Either `run` it, or let a loop of your own wait for `fileno()` or `timeout()` and call `step`;
    blocking calls of clients and workers drive it too.
    """

    _free_name = "periodic_loop_free"

    is_virtual = False
    """Whether time moves only when it is told to, or nobody has anything to do."""

    def __init__(self) -> None:
        pointer = ctypes.c_void_p()
        self._own(lib.periodic_loop_new(ctypes.byref(pointer)), pointer)

    def fileno(self) -> int:
        """A descriptor that is readable when there is something to do (for select and asyncio)."""
        return self._check(lib.periodic_loop_fd(self.pointer))

    def timeout(self) -> float | None:
        """Seconds to wait for the descriptor at most; None if only input can bring work."""
        # -1 is an answer here, and the code of no error of a living loop.
        left: int = lib.periodic_loop_timeout_ms(self.pointer)
        return None if left == -1 else self._check(left) / 1000

    def step(self, most: int = -1) -> int:
        """One turn without waiting, which handles at most so many commands and completions.

        Returns how many; -1 is no bound.
        """
        return self._check(lib.periodic_loop_step(self.pointer, most))

    def run(self) -> None:
        """Waits and works until `stop`."""
        self._check(lib.periodic_loop_run(self.pointer))

    def stop(self) -> None:
        """Makes `run` return; from any thread."""
        self._check(lib.periodic_loop_stop(self.pointer))

    def wake(self) -> None:
        """Makes the descriptor readable; from any thread and from signal handlers."""
        self._check(lib.periodic_loop_wake(self.pointer))

    def adopt(self) -> None:
        """Makes the calling thread the owner."""
        self._check(lib.periodic_loop_adopt(self.pointer))

    def time(self) -> float:
        """The loop's wall clock, seconds since 1970."""
        now = _bindings.periodic_time()
        self._check(lib.periodic_loop_now(self.pointer, ctypes.byref(now)))
        return float(now.wall_ms / 1000)

    def set_virtual_clock(self, start: float = 0.0) -> None:
        """Lets time begin at `start`, seconds since 1970, and stand still, before anything is on the loop.

        It moves by `advance`, and in calls that wait, where it jumps to the next deadline as soon as
        nobody on the loop has anything to do.
        """
        time = _bindings.periodic_time(monotonic_ms=0, wall_ms=round(start * 1000))
        self._check(lib.periodic_loop_set_virtual_clock(self.pointer, ctypes.byref(time)))
        self.is_virtual = True

    def advance(self, seconds: float) -> int:
        """Moves virtual time on; returns how many commands and completions were handled."""
        return self._check(lib.periodic_loop_advance(self.pointer, round(seconds * 1000)))

    def set_random(self, random: Callable[[], int] | None) -> None:
        """Draws numbers of 64 bits from `random`, such as `lambda: generator.getrandbits(64)`."""
        callback = _bindings.periodic_random_cb()
        if random is not None:
            draw = random
            callback = _bindings.periodic_random_cb(lambda _: draw() & 0xFFFFFFFFFFFFFFFF)
        destroy = _bindings.periodic_destroy_cb()
        self._check(lib.periodic_loop_set_random(self.pointer, callback, None, destroy))
        self._random = callback

    def _detail(self) -> str:
        if not self._pointer:
            return ""
        buffer = ctypes.create_string_buffer(512)
        lib.periodic_loop_error(self._pointer, buffer, len(buffer))
        return buffer.value.decode(errors="replace")


# How long a wait may go without the interpreter looking at signals.
_GLANCE = 0.2


def glances(loop: Loop, timeout: float | None) -> Iterator[int]:
    """A wait in parts of milliseconds, between which a Ctrl-C is heard. In virtual time it is whole,
    because it takes none."""
    if loop.is_virtual:
        yield milliseconds(timeout)
        return
    limit = None if timeout is None else clock.monotonic() + timeout
    while limit is None or (left := limit - clock.monotonic()) > _GLANCE:
        yield milliseconds(_GLANCE)
    yield milliseconds(left)


class OnLoop(Handle):
    """What is made on a loop, whose failures the loop tells."""

    loop: Loop

    def _detail(self) -> str:
        return self.loop._detail()
