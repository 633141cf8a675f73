"""A connection of a client, which waits in the thread that asks."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from typing import Any, TypeVar

from . import _requests
from ._handle import milliseconds
from ._library import lib
from ._loop import Loop, OnLoop, glances
from ._requests import NOT_NOW, Question
from ._server import Server
from .errors import ForkError

T = TypeVar("T")

DEFAULT = -1.0
"""A timeout that follows from what is asked: ten seconds more than the server waits."""

def reach(server: Server | str) -> Callable[[], str]:
    """What tells the address in the process that asks; clear words where there is none."""
    if isinstance(server, Server):
        return server._reach
    process = os.getpid()

    def address() -> str:
        if server.startswith("inproc:") and os.getpid() != process:
            raise ForkError(f"{server} is an address of process {process}; use its unix: address")
        return server

    return address


def beyond(seconds: int, timeout: float | None) -> float | None:
    """The timeout of a request that the server ends after `seconds`, which is 60 if it is 0."""
    return (seconds or 60) + 10 if timeout == DEFAULT else timeout


class Connection(OnLoop):
    """One periodic_client."""

    _free_name = "periodic_client_free"

    def __init__(self, loop: Loop, address: str, options: object) -> None:
        self.loop = loop
        self.used = 0.0
        pointer = ctypes.c_void_p()
        code = lib.periodic_client_new(
            loop.pointer, address.encode(), ctypes.byref(options), ctypes.byref(pointer)  # type: ignore[arg-type]
        )
        self._own(code, pointer)

    def start(self, question: Question[Any], timeout: float | None) -> int:
        """Starts a request; the pointer."""
        request = ctypes.c_void_p()
        start = question.start
        self._check(start(self.pointer, ctypes.byref(request), milliseconds(timeout)))
        return request.value or 0

    def take(self, request: int, timeout: float | None = None) -> tuple[int, bytes]:
        """Waits for the next part of a request or its end; NOT_NOW when the time is over."""
        for wait in glances(self.loop, timeout):
            code, data = _requests.next_part(request, wait)
            if code != NOT_NOW:
                break
        return code, data

    def ask(self, question: Question[T], timeout: float | None) -> T:
        """Starts a request and waits for its end."""
        request = self.start(question, timeout)
        try:
            code, data = self.take(request)
            return question.finish(request, code, data, self._detail() if code < 0 else "")
        finally:
            if not self.closed:
                lib.periodic_request_free(request)
