"""Which function of Python does which function of jobs, and what its end means."""

from __future__ import annotations

import inspect
import logging
import multiprocessing
from collections.abc import Callable
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar, Union

from ._core_worker import DONE_WITHOUT, FAILED, Outcome
from ._job import JobFields, PooledJob, whole
from ._memory import DONE, LATER
from ._values import Later, Text, as_bytes, result_bytes

log = logging.getLogger("libperiodic.worker")

F = TypeVar("F", bound=Callable[..., Any])
PoolKind = Union[str, Executor, None]



class Handler:
    """What does a function."""

    __slots__ = ("broadcast", "call", "is_async", "name", "pool")

    def __init__(self, name: bytes, call: Callable[..., Any], pool: PoolKind, broadcast: bool) -> None:
        self.name = name
        self.call = call
        self.pool = pool
        self.broadcast = broadcast
        self.is_async = inspect.iscoroutinefunction(call) or inspect.iscoroutinefunction(
            getattr(call, "__call__", None)
        )
        if self.is_async and pool is not None:
            raise TypeError("an async handler runs on the event loop, not in a pool")

    @property
    def verb(self) -> str:
        """How it is announced."""
        return "broadcast" if self.broadcast else "can_do"


class Handlers:
    """Handlers by the names of their functions, to be used by a worker or included in one.

        images = Handlers()

        @images.func("resize")
        def resize(job): ...

        worker.include(images)
    """

    def __init__(self) -> None:
        self._handlers: dict[bytes, Handler] = {}

    def func(
        self, function: Text, *, pool: PoolKind = None, broadcast: bool = False
    ) -> Callable[[F], F]:
        """Lets what is decorated do the jobs of a function. It is called with each job.

        What it returns is the result: None is empty, bytes and text are themselves, other values become
        JSON. An exception is logged with its traceback, and fails the job, which the server then runs
        again; `raise Later(seconds)` has it run again in so many seconds.

        `pool` is "thread", "process" or an `Executor`, where plain functions run that take long; with
        processes the handler has to be importable, and gets a copy of the job's fields. With `broadcast`
        each job goes to every worker that has the function, if all said this.
        """
        if isinstance(pool, str) and pool not in ("thread", "process"):
            raise ValueError(f'a pool is "thread", "process" or an Executor, not {pool!r}')
        name = as_bytes(function)

        def register(call: F) -> F:
            self._register(Handler(name, call, pool, broadcast))
            return call

        return register

    def include(self, other: Handlers) -> None:
        """Takes over the handlers of another."""
        for handler in other._handlers.values():
            self._register(handler)

    def _register(self, handler: Handler) -> None:
        self._handlers[handler.name] = handler


class Pools:
    """The executors of a worker's handlers, made when they are first needed."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._made: dict[str, Executor] = {}

    def submit(self, handler: Handler, job: PooledJob) -> Future[Any]:
        """Runs a handler; the future of what it returns."""
        kind = handler.pool
        executor = self._executor(kind) if isinstance(kind, str) else kind
        assert executor is not None
        try:
            return executor.submit(handler.call, job)
        except BrokenProcessPool:
            # A process of the pool died; the jobs that were in it have failed.
            self._made.pop(str(kind), None)
            if not isinstance(kind, str):
                raise
            return self._executor(kind).submit(handler.call, job)

    def close(self) -> None:
        """Ends them; what runs in them is not waited for."""
        for executor in self._made.values():
            executor.shutdown(wait=False)
        self._made.clear()

    def _executor(self, kind: str) -> Executor:
        if kind not in self._made:
            self._made[kind] = self._make(kind)
        return self._made[kind]

    def _make(self, kind: str) -> Executor:
        if kind == "thread":
            return ThreadPoolExecutor(self._size, thread_name_prefix="libperiodic-handler")
        # Not forked from this process, which has threads and a server.
        context = multiprocessing.get_context("forkserver")
        return ProcessPoolExecutor(min(self._size, multiprocessing.cpu_count()), mp_context=context)


def outcome_of(call: Callable[..., Any], job: JobFields) -> Outcome:
    """Runs a plain handler."""
    try:
        result = call(job)
    except Later as later:
        return outcome_of_later(later)
    except Exception:
        return failed(job)
    return outcome_of_result(result, job)


def outcome_of_run(run: Future[Any], job: JobFields) -> Outcome:
    """What came of a handler in a pool."""
    try:
        result = run.result()
    except Later as later:
        return outcome_of_later(later)
    except BaseException:
        # Also a thread that wanted to end the program, and a process that died.
        return failed(job)
    return outcome_of_result(result, job)


def outcome_of_result(result: object, job: JobFields) -> Outcome:
    """What a handler's return value means."""
    if result is None:
        return DONE_WITHOUT
    if isinstance(result, Later):
        return outcome_of_later(result)
    try:
        return DONE, 0, 0, result_bytes(result)
    except (TypeError, ValueError):
        return failed(job)


def outcome_of_later(later: Later) -> Outcome:
    """What `raise Later` means."""
    return LATER, later.step, whole(later.seconds), b""


def failed(job: JobFields) -> Outcome:
    """Logs the exception that is being handled."""
    log.exception("%s of %r failed", job.function, job.name)
    return FAILED
