"""Taking jobs and saying how they ended."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator

from ._ffi import lib
from ._loop import Loop, OnLoop
from ._managed import as_bytes, connection_options, milliseconds
from .errors import BY_CODE, Closed, PeriodicError, Stale, TimedOut  # type: ignore[attr-defined]


class Job:
    """A job in this worker's hands: end it once, with `done`, `fail` or `later`.

    Delivery is at least once: a run whose end did not reach the server takes place again.
    """

    function: bytes
    name: bytes
    workload: bytes
    count: int
    """How often it was put back for later, as the sum of the steps."""
    timeout: int
    """Seconds that this run may take; 0 is no limit."""

    def __init__(self, worker: Worker, pointer: int | None) -> None:
        self._worker = worker
        self._pointer = pointer
        self.function = self._bytes(lib.periodic_job_function)
        self.name = self._bytes(lib.periodic_job_name)
        self.workload = self._bytes(lib.periodic_job_workload)
        self.count = lib.periodic_job_count(pointer)
        self.timeout = lib.periodic_job_timeout_s(pointer)

    @property
    def ended(self) -> bool:
        return self._pointer is None or self._worker.closed

    def data(self, data: bytes) -> None:
        """Tells those who listen (`Client.receive_data`) a piece of data; it is not stored."""
        self._tell(lib.periodic_job_data, data, len(data))

    def lock(self, name: str | bytes, count: int = 1, timeout: float | None = 10) -> bool:
        """Asks for a lock that at most `count` jobs hold at a time, until `release` or the run's end.

        False: others hold it and this run is over. Go on with the next job; the server hands this one
        out again when its turn has come, and then the lock is its own.

            if not job.lock("printer"):
                continue

        Raises TimedOut when it is not known; `fail` is right then.
        """
        self._check_open()
        lock = as_bytes(name)
        code = lib.periodic_job_acquire(
            self._pointer, lock, len(lock), count, milliseconds(timeout)
        )
        if code in (0, Stale.code):
            self._pointer = None
        return self._worker._check(code) == 1

    def release(self, name: str | bytes) -> None:
        """Gives a lock back; no error if the job does not hold it."""
        lock = as_bytes(name)
        self._tell(lib.periodic_job_release, lock, len(lock))

    def done(self, result: bytes = b"") -> None:
        """The job is done and goes; the result is for whoever waits for it."""
        self._end(lib.periodic_job_done, result, len(result))

    def fail(self) -> None:
        """The run failed; the server runs the job again, about a second later."""
        self._end(lib.periodic_job_fail)

    def later(self, delay: int, step: int = 0) -> None:
        """Run again `delay` seconds from now; `step` is added to the count."""
        self._end(lib.periodic_job_later, delay, step)

    def _check_open(self) -> None:
        if self.ended:
            raise Closed("this job was ended already")

    def _tell(self, function: object, *arguments: object) -> None:
        self._check_open()
        self._worker._check(function(self._pointer, *arguments))  # type: ignore[operator]

    def _end(self, function: object, *arguments: object) -> None:
        self._check_open()
        code = function(self._pointer, *arguments)  # type: ignore[operator]
        if code in (0, Stale.code):
            self._pointer = None
        self._worker._check(code)

    def _bytes(self, accessor: object) -> bytes:
        length = ctypes.c_size_t()
        address = accessor(self._pointer, ctypes.byref(length))  # type: ignore[operator]
        return ctypes.string_at(address, length.value)


class Worker(OnLoop):
    """Takes jobs from the server at `address`, up to `slots` in hand at a time.

    Iterating over a worker waits for jobs, and ends while draining. `identity` and `token` are as for
    a Client.
    """

    _free_name = "periodic_worker_free"

    def __init__(
        self,
        loop: Loop,
        address: str,
        slots: int = 1,
        *,
        identity: str | bytes | None = None,
        token: str | bytes | None = None,
    ) -> None:
        self.loop = loop
        options = connection_options(identity, token)
        pointer = ctypes.c_void_p()
        self._check(
            lib.periodic_worker_new(
                loop.ptr(), address.encode(), slots, ctypes.byref(options), ctypes.byref(pointer)
            )
        )
        self._pointer = pointer

    def can_do(self, function: str | bytes, timeout: float | None = 10) -> None:
        """Announces a function, now and on every later connection; a timeout of 0 does not wait.

        Whatever this raises for the server's word, the worker goes on wanting the function: a server
        that refused it is asked again with growing pauses, until `cannot_do`."""
        function = as_bytes(function)
        self._check(
            lib.periodic_worker_can_do(
                self.ptr(), function, len(function), milliseconds(timeout)
            )
        )

    def broadcast(self, function: str | bytes, timeout: float | None = 10) -> None:
        """Announces a function whose jobs go to every worker that has it, if all said this; else like
        `can_do`. The later of the two counts."""
        function = as_bytes(function)
        self._check(
            lib.periodic_worker_broadcast(
                self.ptr(), function, len(function), milliseconds(timeout)
            )
        )

    def cannot_do(self, function: str | bytes, timeout: float | None = 10) -> None:
        """Takes a function back; jobs of it that are in hand stay."""
        function = as_bytes(function)
        self._check(
            lib.periodic_worker_cannot_do(
                self.ptr(), function, len(function), milliseconds(timeout)
            )
        )

    def next(self, timeout: float | None = None) -> Job | None:
        """The next job; None when the time is over. Raises Closed while draining."""
        jobs = self.next_many(1, timeout)
        return jobs[0] if jobs else None

    def next_many(self, most: int, timeout: float | None = None) -> list[Job]:
        """Up to `most` jobs that are there, waiting for the first; none when the time is over."""
        pointers = (ctypes.c_void_p * most)()
        count = lib.periodic_worker_next_many(
            self.ptr(),
            ctypes.cast(pointers, ctypes.POINTER(ctypes.c_void_p)),
            most,
            milliseconds(timeout),
        )
        if count == TimedOut.code:
            return []
        self._check(count)
        return [Job(self, pointers[index]) for index in range(count)]

    def done_many(self, jobs: list[Job]) -> None:
        """Ends jobs of this worker as done, without a result."""
        pointers = (ctypes.c_void_p * len(jobs))(*(job._pointer for job in jobs))
        count = self._check(
            lib.periodic_worker_done_many(
                self.ptr(), ctypes.cast(pointers, ctypes.POINTER(ctypes.c_void_p)), len(jobs)
            )
        )
        for job in jobs[:count]:
            job._pointer = None
        if count < len(jobs):
            raise BY_CODE.get(-1, PeriodicError)(f"{count} of {len(jobs)} jobs were ended")

    def drain(self, timeout: float | None = None) -> None:
        """Takes on nothing new, and waits until every job in hand is ended and answered for."""
        self._check(lib.periodic_worker_drain(self.ptr(), milliseconds(timeout)))

    def __iter__(self) -> Iterator[Job]:
        while True:
            try:
                job = self.next()
            except Closed:
                return
            if job is not None:
                yield job
