"""A loop of the library inside a running event loop of asyncio."""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from . import _requests
from ._library import failure, lib
from ._loop import Loop, OnLoop
from ._requests import MORE, Question

T = TypeVar("T")

# What one turn handles at most before other tasks have theirs.
_MOST = 2048


class Turned(Protocol):
    """Who takes part in each turn."""

    def before_turn(self) -> None:
        """Says what is to be sent."""

    def after_turn(self) -> None:
        """Takes what has come."""


class Driver:
    """Takes a turn whenever the library's descriptor is readable, its time has come, or it is asked to.

    There is one for each event loop that has clients, workers or servers, which share it; no thread.
    """

    # By the identity of the event loop, which its driver holds: those who use it keep both.
    _drivers: weakref.WeakValueDictionary[int, Driver] = weakref.WeakValueDictionary()

    @classmethod
    def current(cls) -> Driver:
        """The running event loop's."""
        host = asyncio.get_running_loop()
        driver = cls._drivers.get(id(host))
        if driver is None or driver.host is not host:
            driver = cls._drivers[id(host)] = cls(host)
        return driver

    def __init__(self, host: asyncio.AbstractEventLoop) -> None:
        self.host = host
        self.loop = Loop()
        self.members: list[Turned] = []
        self._users = 0
        self._is_scheduled = False
        self._timer: asyncio.TimerHandle | None = None
        self._descriptor = -1

    def acquire(self) -> None:
        """One more has something on the loop."""
        if self._users == 0:
            self._descriptor = self.loop.fileno()
            self.host.add_reader(self._descriptor, self._turn)
        self._users += 1

    def release(self) -> None:
        """One less; the last one ends it."""
        self._users -= 1
        if self._users > 0:
            return
        Driver._drivers.pop(id(self.host), None)
        if not self.host.is_closed():
            self.host.remove_reader(self._descriptor)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self.loop.close()

    def schedule(self) -> None:
        """Has a turn taken soon: something is to be sent."""
        if not self._is_scheduled and self._users:
            self._is_scheduled = True
            self.host.call_soon(self._scheduled_turn)

    async def ask(self, owner: OnLoop, question: Question[T], request: int) -> T:
        """Waits for a request's end."""
        answer: asyncio.Future[T] = self.host.create_future()

        def told(code: int) -> None:
            if code == MORE or answer.done():
                return
            try:
                data = _requests.next_part(request, 0)[1] if code == 0 else b""
                detail = owner._detail() if code < 0 else ""
                answer.set_result(question.finish(request, code, data, detail))
            except Exception as error:
                answer.set_exception(error)

        await self._heard(request, told, answer)
        return answer.result()

    async def code_of(self, request: int) -> int:
        """Waits for a request's end, and returns its code."""
        answer: asyncio.Future[int] = self.host.create_future()

        def told(code: int) -> None:
            if code != MORE and not answer.done():
                answer.set_result(code)

        await self._heard(request, told, answer)
        return answer.result()

    async def wait_for(self, request: int) -> None:
        """Waits for a request's end; raises if that is a failure."""
        code = await self.code_of(request)
        if code < 0:
            raise failure(code)

    async def _heard(
        self, request: int, told: Callable[[int], None], answer: asyncio.Future[Any]
    ) -> None:
        _requests.listen(request, told)
        self.schedule()
        try:
            await answer
        finally:
            # Withdrawn, if this task was cancelled.
            lib.periodic_request_free(request)

    def _scheduled_turn(self) -> None:
        self._is_scheduled = False
        self._turn()

    def _turn(self) -> None:
        loop = self.loop
        if loop.closed:
            return
        for member in tuple(self.members):
            member.before_turn()
        loop.step(_MOST)
        for member in tuple(self.members):
            member.after_turn()
        if not loop.closed:
            self._wait(lib.periodic_loop_timeout_ms(loop.pointer))

    def _wait(self, milliseconds: int) -> None:
        """Has the next turn taken in so many milliseconds, or before."""
        if milliseconds == 0:
            self.schedule()
            return
        if self._timer is not None:
            if milliseconds > 0:
                when = self.host.time() + milliseconds / 1000
                # A turn that comes early does no harm, and most deadlines stay as they were.
                if 0 <= when - self._timer.when() < 1 and not self._timer.cancelled():
                    return
            self._timer.cancel()
            self._timer = None
        if milliseconds > 0:
            self._timer = self.host.call_later(milliseconds / 1000, self._timed_turn)

    def _timed_turn(self) -> None:
        self._timer = None
        self._turn()
