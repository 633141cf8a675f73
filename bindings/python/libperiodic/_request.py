"""Requests that were started, and what comes of them."""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, TypeVar

from ._ffi import lib
from ._loop import OnLoop
from ._managed import milliseconds
from .errors import Closed, TryAgain  # type: ignore[attr-defined]

if TYPE_CHECKING:
    from ._client import Client

Self = TypeVar("Self", bound="DataStream")


class _Request(OnLoop):
    """One request of a client. Closing it, or the client, withdraws it."""

    _free_name = "periodic_request_free"

    def __init__(self, client: Client, pointer: ctypes.c_void_p) -> None:
        self.loop = client.loop
        self._client = client
        self._pointer = pointer

    @property
    def closed(self) -> bool:
        if self._client.closed:
            # Freed with the client.
            self._pointer = None
        return self._pointer is None

    def ptr(self) -> ctypes.c_void_p:
        """The C pointer; raises Closed after `close`, also of the client."""
        if self.closed:
            raise Closed(f"this {type(self).__name__} is closed")
        return super().ptr()

    def close(self) -> None:
        """Withdraws the request if it has not ended; what it asked for may still be done."""
        if not self.closed:
            super().close()

    def _next(self, timeout: float | None) -> tuple[bool, bytes]:
        """Whether more may follow, and the bytes. TryAgain: nothing has come in time."""
        data, length = ctypes.c_void_p(), ctypes.c_size_t()
        more = self._check(
            lib.periodic_request_next(
                self.ptr(), ctypes.byref(data), ctypes.byref(length), milliseconds(timeout)
            )
        )
        return more > 0, ctypes.string_at(data, length.value) if length.value else b""


class Run(_Request):
    """A job that was started with `Client.start_run`."""

    def result(self, timeout: float | None = None) -> bytes:
        """Waits for the result, as `Client.run` does. TryAgain: not within `timeout` seconds."""
        return self._next(timeout)[1]


class DataStream(_Request):
    """The data of a job: an iterator that waits for each piece, and ends when the job does."""

    ended = False
    """Whether the end has been heard."""

    def next(self, timeout: float | None = None) -> bytes | None:
        """The next piece; None when the time is over, and once the stream has `ended`."""
        if self.ended:
            return None
        try:
            more, data = self._next(timeout)
        except TryAgain:
            return None
        self.ended = not more
        return data if more else None

    def __iter__(self: Self) -> Self:
        return self

    def __next__(self) -> bytes:
        while not self.ended:
            data = self.next()
            if data is not None:
                return data
        raise StopIteration
