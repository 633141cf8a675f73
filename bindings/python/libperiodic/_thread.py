"""A thread that drives a loop, and does what other threads ask of it."""

from __future__ import annotations

import os
import threading
import weakref
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from ._loop import Loop

T = TypeVar("T")

# How long a fork waits for a thread to leave the library.
_PATIENCE = 2.0


class LoopThread:
    """Runs a loop inside the C library, without the interpreter's lock, until it is asked for something.

    It is a daemon: a program that ends without closing does not wait for it. While the process forks it
    stands still outside the library, so that a child finds no lock of the library's taken.
    """

    _living: weakref.WeakSet[LoopThread] = weakref.WeakSet()

    def __init__(self) -> None:
        self._asked: deque[tuple[Callable[[], Any], Future[Any]]] = deque()
        self._is_over = False
        self._process = os.getpid()
        made: Future[Loop] = Future()
        self._thread = threading.Thread(
            target=self._main, args=(made,), name="libperiodic", daemon=True
        )
        self._thread.start()
        self.loop = made.result()
        LoopThread._living.add(self)

    def call(self, body: Callable[[], T]) -> T:
        """Does something on the thread, and returns what comes of it."""
        if threading.current_thread() is self._thread:
            return body()
        return self.begin(body).result()

    def begin(self, body: Callable[[], T]) -> Future[T]:
        """The same without waiting."""
        asked: Future[T] = Future()
        self._asked.append((body, asked))
        self.loop.stop()
        return asked

    def end(self) -> None:
        """Ends the thread and frees its loop, on which nothing is left."""
        LoopThread._living.discard(self)
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


_forked = threading.Event()


def _stand_still() -> None:
    _forked.clear()
    standing = []
    for thread in list(LoopThread._living):
        if thread._process == os.getpid() and threading.current_thread() is not thread._thread:
            stands = threading.Event()
            thread.begin(_standing(stands))
            standing.append(stands)
    for stands in standing:
        stands.wait(_PATIENCE)


def _standing(stands: threading.Event) -> Callable[[], None]:
    def body() -> None:
        stands.set()
        _forked.wait()

    return body


os.register_at_fork(before=_stand_still, after_in_parent=_forked.set)
