"""Jobs in a worker's hands."""

from __future__ import annotations

import ctypes
import json
from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from ._handle import milliseconds
from ._library import failure, lib
from ._requests import listen
from ._values import Text, as_bytes, as_text, result_bytes
from .errors import BusyError, ClosedError, PeriodicError, StaleError

if TYPE_CHECKING:
    from ._core_worker import WorkerCore

_LOST = (0, StaleError.code)
Post = Callable[[Callable[["Job", "Future[Any]"], None]], "Future[Any]"]
"""Does something with a job where its worker lives; the second argument takes what comes of it."""


class JobFields:
    """What a job is."""

    __slots__ = ("_function", "_name", "count", "timeout", "workload")

    workload: bytes
    """The bytes that were submitted with it."""
    count: int
    """How often it was put back for later, as the sum of the steps."""
    timeout: int
    """Seconds that this run may take; 0 is no limit."""

    def __init__(
        self, function: bytes, name: bytes, workload: bytes, count: int, timeout: int
    ) -> None:
        self._function = function
        self._name = name
        self.workload = workload
        self.count = count
        self.timeout = timeout

    @property
    def function(self) -> str:
        """What is to be done."""
        return as_text(self._function)

    @property
    def name(self) -> str:
        """What tells it from other jobs of the function. Any bytes go through text unharmed."""
        return as_text(self._name)

    def json(self) -> Any:
        """The workload, read as JSON."""
        return json.loads(self.workload)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.function} {self.name!r}>"


class Job(JobFields):
    """A job in this worker's hands. A handler's end is the job's; else end it once, with `done`, `fail` or
    `later`.

    Delivery is at least once: a run whose end did not reach the server takes place again.
    """

    __slots__ = ("_core", "_pointer")

    def __init__(
        self,
        core: WorkerCore,
        function: bytes,
        name: bytes,
        workload: bytes,
        count: int,
        timeout: int,
        pointer: int,
    ) -> None:
        self._core = core
        self._pointer = pointer
        self._function = function
        self._name = name
        self.workload = workload
        self.count = count
        self.timeout = timeout

    @property
    def ended(self) -> bool:
        """Whether it is over here: ended, given up for a lock, or gone with the worker."""
        return not self._pointer or self._core.closed

    @property
    def held(self) -> bool:
        """Whether the server still counts on this run, as far as is known; False once its connection was
        lost, after which it runs again."""
        return not self.ended and lib.periodic_job_is_held(self._pointer) == 1

    def data(self, piece: Text) -> None:
        """Tells those who listen a piece of data; it is not stored, and nobody need listen."""
        data = as_bytes(piece)
        self._tell(lib.periodic_job_data, data, len(data))

    def lock(self, name: Text, count: int = 1, timeout: float | None = 10) -> bool:
        """Asks for a lock that at most `count` jobs hold at a time, until `release` or the run's end.

        False: others hold it and this run is over. Return from the handler; the server hands the job out
        again when its turn has come, and then the lock is its own.

            if not job.lock("printer"):
                return

        Raises `TimedOutError` when it is not known; to fail is right then.
        """
        lock = as_bytes(name)
        code = lib.periodic_job_acquire(
            self._alive(), lock, len(lock), count, milliseconds(timeout)
        )
        if code in _LOST:
            self._pointer = 0
        return self._core._check(code) == 1

    def release(self, name: Text) -> None:
        """Gives a lock back; no error if the job does not hold it."""
        lock = as_bytes(name)
        self._tell(lib.periodic_job_release, lock, len(lock))

    def done(self, result: object = None) -> None:
        """The job is done and goes; the result is for whoever waits for it.

        None is empty, bytes and text are themselves, and other values become JSON.
        """
        data = result_bytes(result)
        self._end(lib.periodic_job_done, data, len(data))

    def fail(self) -> None:
        """The run failed; the server runs the job again, about a second later."""
        self._end(lib.periodic_job_fail)

    def later(self, seconds: float = 0, step: int = 1) -> None:
        """Run again in so many seconds; `step` is added to the count."""
        self._end(lib.periodic_job_later, whole(seconds), step)

    def free(self) -> None:
        """Lets go of it without a word; the server runs it again when this worker's connection ends."""
        self._end(lib.periodic_job_free)

    def _alive(self) -> int:
        if self.ended:
            raise ClosedError("this job is over here")
        return self._pointer

    def _tell(self, function: Callable[..., int], *arguments: object) -> None:
        self._core._check(function(self._alive(), *arguments))
        self._core.stir()

    def _end(self, function: Callable[..., int], *arguments: object) -> None:
        code = function(self._alive(), *arguments)
        if code in _LOST:
            self._pointer = 0
        self._core._check(code)
        self._core.stir()

    def _start_lock(self, name: Text, count: int, timeout: float | None) -> int:
        """The pointer of a request for a lock."""
        lock, request = as_bytes(name), ctypes.c_void_p()
        wait = milliseconds(timeout)
        self._core._check(
            lib.periodic_job_start_acquire(
                self._alive(), lock, len(lock), count, ctypes.byref(request), wait
            )
        )
        self._core.stir()
        return request.value or 0

    def _lock_for(
        self, answer: Future[Any], name: Text, count: int, timeout: float | None
    ) -> None:
        """Asks for a lock on behalf of another thread."""
        request = self._start_lock(name, count, timeout)

        def told(code: int) -> None:
            lib.periodic_request_free(request)
            try:
                answer.set_result(self._locked(code))
            except PeriodicError as error:
                answer.set_exception(error)

        listen(request, told)

    def _locked(self, code: int) -> bool:
        """What the end of such a request means."""
        if code in (BusyError.code, StaleError.code):
            self._pointer = 0
        if code == BusyError.code:
            return False
        if code < 0:
            raise failure(code, self._core._detail())
        return True


class AsyncJob(Job):
    """A `Job` of an `AsyncWorker`: `lock` is awaited, all else is as there."""

    __slots__ = ()

    async def lock(  # type: ignore[override]
        self, name: Text, count: int = 1, timeout: float | None = 10
    ) -> bool:
        """Asks for a lock, as `Job.lock` does, while the event loop goes on."""
        driver = self._core.driver
        assert driver is not None
        return self._locked(await driver.code_of(self._start_lock(name, count, timeout)))


class PooledJob(JobFields):
    """A job for a handler in a pool, whose end is the handler's.

    In a pool of threads it can say data and ask for locks; in one of processes it has its fields only.
    """

    __slots__ = ("_post",)

    def __init__(self, job: JobFields, post: Post | None = None) -> None:
        super().__init__(job._function, job._name, job.workload, job.count, job.timeout)
        self._post = post

    def data(self, piece: Text) -> None:
        """Tells those who listen a piece of data."""
        data = as_bytes(piece)
        self._do(lambda job, answer: _tell(answer, job.data, data))

    def lock(self, name: Text, count: int = 1, timeout: float | None = 10) -> bool:
        """Asks for a lock, as `Job.lock` does, and waits for the answer."""
        return bool(self._do(lambda job, answer: job._lock_for(answer, name, count, timeout)))

    def release(self, name: Text) -> None:
        """Gives a lock back."""
        self._do(lambda job, answer: _tell(answer, job.release, name))

    def _do(self, body: Callable[[Job, Future[Any]], None]) -> Any:
        if self._post is None:
            raise RuntimeError("a handler in another process has no way to its worker")
        return self._post(body).result()

    def __reduce__(self) -> tuple[object, ...]:
        fields = (self._function, self._name, self.workload, self.count, self.timeout)
        return _pooled, fields


def _tell(answer: Future[Any], call: Callable[[Text], None], text: Text) -> None:
    call(text)
    answer.set_result(None)


def _pooled(*fields: Any) -> PooledJob:
    return PooledJob(JobFields(*fields))


def whole(seconds: float) -> int:
    """Seconds as the server has them, rounded up: not before its time."""
    return -int(-seconds // 1)
