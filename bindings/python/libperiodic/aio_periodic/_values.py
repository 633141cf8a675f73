"""Jobs, addresses and responses of aio_periodic."""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine, Generator
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Call(Generic[T]):
    """A coroutine that `yield from` takes as well."""

    def __init__(self, coroutine: Coroutine[Any, Any, T]) -> None:
        self._coroutine = coroutine

    def __await__(self) -> Generator[Any, None, T]:
        return self._coroutine.__await__()

    __iter__ = __await__


def call(function: Callable[..., Coroutine[Any, Any, T]]) -> Callable[..., Call[T]]:
    def called(*arguments: Any, **options: Any) -> Call[T]:
        return Call(function(*arguments, **options))

    called.__doc__, called.__name__ = function.__doc__, function.__name__
    return called


class FinishedError(Exception):
    """The job was ended already."""


class Job:
    """A job to be submitted."""

    def __init__(
        self,
        func: Any = "",
        name: Any = "",
        workload: Any = b"",
        sched_at: int = 0,
        count: int = 0,
        timeout: int = 0,
    ) -> None:
        self.func, self.name, self.workload = func, name, workload
        self.sched_at, self.count, self.timeout = sched_at, count, timeout


class Transport:
    """Where a server is: "unix:///PATH", "tcp://HOST:PORT" or "HOST:PORT"."""

    def __init__(self, entrypoint: str) -> None:
        self.entrypoint = entrypoint if "://" in entrypoint else f"tcp://{entrypoint}"


def open_connection(entrypoint: str) -> Transport:
    """What 0.2 gives to `connect`, with the address after it."""
    return Transport(entrypoint)


class DoneResponse:
    """The job is done."""

    def __init__(self, buf: Any = None) -> None:
        self.buf = buf


class FailResponse:
    """The run failed."""


class SchedLaterResponse:
    """Run it again in `delay` seconds."""

    def __init__(self, delay: int, count: int = 0) -> None:
        self.delay, self.count = delay, count


def done(buf: Any = None) -> DoneResponse:
    """A response: done, with a result."""
    return DoneResponse(buf)


def jsonify(data: Any) -> DoneResponse:
    """A response: done, with JSON as the result."""
    return DoneResponse(json.dumps(data).encode())


def fail() -> FailResponse:
    """A response: failed."""
    return FailResponse()


def sched_later(delay: int, count: int = 0) -> SchedLaterResponse:
    """A response: again in `delay` seconds."""
    return SchedLaterResponse(delay, count)


def text(name: Any) -> str:
    return name.decode() if isinstance(name, bytes) else str(name)
