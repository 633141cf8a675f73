"""Jobs in the hands of a worker of aio_periodic."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._job import AsyncJob, whole
from .._values import result_bytes
from ._values import FinishedError, call

if TYPE_CHECKING:
    from ._worker import Worker


class WorkerJob:
    """A job in a worker's hands."""

    def __init__(self, worker: Worker, job: AsyncJob) -> None:
        self.w = worker
        self._job = job
        self.finished = False

    @property
    def func_name(self) -> str:
        """Its function, without the worker's prefix."""
        name = self._job.function
        if self.w.prefix and name.startswith(self.w.prefix):
            name = name[len(self.w.prefix) :]
        if self.w.subfix and name.endswith(self.w.subfix):
            name = name[: -len(self.w.subfix)]
        return name

    @property
    def name(self) -> str:
        """Its name."""
        return self._job.name

    @property
    def workload(self) -> bytes:
        """What was submitted with it."""
        return self._job.workload

    @property
    def workload_json(self) -> Any:
        """The same, read as JSON."""
        return self._job.json()

    @property
    def count(self) -> int:
        """The sum of the counts that it was put back with."""
        return self._job.count

    @property
    def timeout(self) -> int:
        """Seconds that this run may take."""
        return self._job.timeout

    @call
    async def done(self, buf: Any = None) -> bool:
        """It is done; `buf` is the result."""
        self._check()
        self._job.done(buf)
        return True

    @call
    async def fail(self) -> bool:
        """The run failed."""
        self._check()
        self._job.fail()
        return True

    @call
    async def sched_later(self, delay: float, count: int = 0) -> bool:
        """Run it again in `delay` seconds."""
        self._check()
        self._job.later(whole(delay), count)
        return True

    @call
    async def data(self, buf: Any = None) -> bool:
        """Tells those who listen a piece of data."""
        self._check(False)
        self._job.data(result_bytes(buf))
        return True

    @call
    async def acquire(self, name: str, count: int) -> bool:
        """Asks for a lock; False: the run is over."""
        held = await self._job.lock(name, count)
        self.finished = self.finished or not held
        return held

    @call
    async def release(self, name: str) -> bool:
        """Gives a lock back."""
        self._job.release(name)
        return True

    @call
    async def with_lock(self, name: str, count: int, task: Any, release: bool = False) -> Any:
        """Does something if a lock is to be had."""
        if not await self.acquire(name, count):
            return None
        try:
            return await task()
        finally:
            if release:
                await self.release(name)

    def _check(self, ends: bool = True) -> None:
        if self.finished:
            raise FinishedError("Job is already finished")
        self.finished = ends
