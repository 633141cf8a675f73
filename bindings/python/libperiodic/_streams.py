"""Requests of a client that are under way: runs, and data that comes in pieces."""

from __future__ import annotations

from collections.abc import Iterator
from types import TracebackType
from typing import Any, Protocol

from ._connection import Connection
from ._library import failure, lib
from ._requests import MORE, NOT_NOW, Question
from .errors import ClosedError, NotNowError, PeriodicError


class Holder(Protocol):
    """Who lends connections: a client."""

    def _take(self) -> Connection: ...

    def _give_back(self, connection: Connection) -> None: ...


class _Started:
    """A request under way, with the connection that it holds until it is closed."""

    def __init__(self, client: Holder, question: Question[Any], timeout: float | None) -> None:
        self._give_back = client._give_back
        self._question = question
        self._connection: Connection | None = client._take()
        try:
            self._request = self._connection.start(question, timeout)
        except BaseException:
            self.close()
            raise

    _request = 0

    @property
    def closed(self) -> bool:
        """Whether it, or the client's connection, was closed."""
        return self._connection is None or self._connection.closed

    def close(self) -> None:
        """Withdraws the request if it has not ended; what it asked for may still be done."""
        connection, self._connection = self._connection, None
        if connection is not None:
            if not connection.closed and self._request:
                lib.periodic_request_free(self._request)
            self._give_back(connection)

    def _next(self, timeout: float | None) -> tuple[int, bytes]:
        if self._connection is None or self._connection.closed:
            raise ClosedError(f"this {type(self).__name__} is closed")
        code, data = self._connection.take(self._request, timeout)
        if code < 0 and code != NOT_NOW:
            raise failure(code, self._connection._detail())
        return code, data

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __del__(self) -> None:
        try:
            self.close()
        except (AttributeError, PeriodicError):
            return


class Run(_Started):
    """A job that was started with `Client.start_run`."""

    def result(self, timeout: float | None = None) -> bytes:
        """Waits for the result, as `Client.run` does. `NotNowError`: not within `timeout` seconds."""
        code, data = self._next(timeout)
        if code == NOT_NOW:
            raise NotNowError("the run has not ended")
        result: bytes = self._question.read(self._request, data)
        return result

    def __enter__(self) -> Run:
        return self


class DataStream(_Started):
    """The data of a job: an iterator that waits for each piece, and ends when the job does."""

    ended = False
    """Whether the end has been heard."""

    def next(self, timeout: float | None = None) -> bytes | None:
        """The next piece; None when the time is over, and once the stream has `ended`."""
        if self.ended:
            return None
        code, data = self._next(timeout)
        self.ended = code == 0
        return data if code == MORE else None

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        while not self.ended:
            data = self.next()
            if data is not None:
                return data
        raise StopIteration

    def __enter__(self) -> DataStream:
        return self


class RunStream(DataStream):
    """A job that runs: an iterator over the pieces that it says, after which `result` is there."""

    result: bytes = b""
    """What the handler returned, once the pieces are over."""

    def __init__(
        self,
        client: Holder,
        listen: Question[None],
        run: Question[bytes],
        timeout: float | None,
    ) -> None:
        super().__init__(client, listen, timeout)
        self._run = run
        try:
            assert self._connection is not None
            self._running = self._connection.start(run, timeout)
        except BaseException:
            self.close()
            raise

    _running = 0

    def next(self, timeout: float | None = None) -> bytes | None:
        """The next piece; None when the time is over, and once the run has `ended`."""
        piece = super().next(timeout)
        if self.ended and piece is None and self._running and self._connection is not None:
            running, self._running = self._running, 0
            code, data = self._connection.take(running)
            lib.periodic_request_free(running)
            if code < 0:
                raise failure(code, self._connection._detail())
            self.result = self._run.read(running, data)
        return piece

    def close(self) -> None:
        """Withdraws what has not ended; the job may still be done."""
        if self._running and self._connection is not None and not self._connection.closed:
            lib.periodic_request_free(self._running)
        self._running = 0
        super().close()

    def __enter__(self) -> RunStream:
        return self

