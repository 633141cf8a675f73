"""A thread that drives a loop, and does what other threads ask of it."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from ._loop import Loop

T = TypeVar("T")


class LoopThread:
    """Runs a loop inside the C library, without the interpreter's lock, until it is asked for something.

    It is a daemon: a program that ends without closing does not wait for it.
    """

    def __init__(self) -> None:
        self._asked: deque[tuple[Callable[[], Any], Future[Any]]] = deque()
        self._is_over = False
        made: Future[Loop] = Future()
        self._thread = threading.Thread(
            target=self._main, args=(made,), name="libperiodic", daemon=True
        )
        self._thread.start()
        self.loop = made.result()

    def call(self, body: Callable[[], T]) -> T:
        """Does something on the thread, and returns what comes of it."""
        if threading.current_thread() is self._thread:
            return body()
        asked: Future[T] = Future()
        self._asked.append((body, asked))
        self.loop.stop()
        return asked.result()

    def end(self) -> None:
        """Ends the thread and frees its loop, on which nothing is left."""
        self.call(self._finish)
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def _finish(self) -> None:
        self._is_over = True

    def _main(self, made: Future[Loop]) -> None:
        try:
            loop = Loop()
        except BaseException as error:
            made.set_exception(error)
            return
        made.set_result(loop)
        while not self._is_over:
            loop.run()
            while self._asked:
                body, asked = self._asked.popleft()
                try:
                    asked.set_result(body())
                except BaseException as error:
                    asked.set_exception(error)
                del body, asked
        loop.close()
