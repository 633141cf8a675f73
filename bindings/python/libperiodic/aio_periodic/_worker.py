"""Workers of aio_periodic."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Callable
from typing import Any

from .._aworker import AsyncWorker
from ..errors import ClosedError, StaleError
from ._job import WorkerJob
from ._peer import Peer
from ._values import (
    DoneResponse,
    FailResponse,
    FinishedError,
    SchedLaterResponse,
    call,
)

Task = Callable[[WorkerJob], Any]
Locker = Callable[[WorkerJob], "tuple[str, int]"]

logger = logging.getLogger("libperiodic.aio_periodic")


class Worker(Peer):
    """Does jobs: by `grabJob`, or with handlers and `work`."""

    def __init__(self, loop: Any = None, enabled_tasks: Any = ()) -> None:
        super().__init__()
        self.enabled_tasks = list(enabled_tasks)
        self._worker: AsyncWorker | None = None
        self._tasks: dict[str, Task] = {}
        self._broadcasts: set[str] = set()
        self._defaults: dict[str, Any] = {}
        self._lockers: dict[str, Locker] = {}
        self._running: set[asyncio.Task[None]] = set()
        self._executor: Any = None

    def set_enable_tasks(self, enabled_tasks: list[str]) -> None:
        """Only these functions are done; all, if there are none."""
        self.enabled_tasks = enabled_tasks

    def is_enabled(self, func: str) -> bool:
        """Whether a function is done here."""
        return not self.enabled_tasks or func in self.enabled_tasks

    def set_executor(self, executor: Any) -> None:
        """Where handlers run that are no coroutines."""
        self._executor = executor

    @call
    async def add_func(
        self, func: str, task: Any = None, defrsp: Any = None, locker: Any = None
    ) -> bool:
        """Lets the worker have a function."""
        self._take(func, task, defrsp, locker)
        return await self._announce(func)

    @call
    async def broadcast(
        self, func: str, task: Any = None, defrsp: Any = None, locker: Any = None
    ) -> bool:
        """The same, where every worker gets each job."""
        self._take(func, task, defrsp, locker)
        self._broadcasts.add(func)
        return await self._announce(func)

    @call
    async def remove_func(self, func: str) -> bool:
        """Takes a function back."""
        self._tasks.pop(func, None)
        self._broadcasts.discard(func)
        if self._worker is not None:
            await self._worker.cannot_do(self._full(func))
        return True

    def func(
        self, func_name: str, broadcast: bool = False, defrsp: Any = None, locker: Any = None
    ) -> Callable[[Task], Task]:
        """Lets what is decorated do a function's jobs."""

        def register(task: Task) -> Task:
            self._take(func_name, task, defrsp, locker)
            if broadcast:
                self._broadcasts.add(func_name)
            return task

        return register

    def blueprint(self, app: Blueprint) -> None:
        """Takes over the handlers of a blueprint."""
        for name, (task, broadcast, defrsp, locker) in app.handlers.items():
            self.func(name, broadcast, defrsp, locker)(task)

    @call
    async def grabJob(self) -> WorkerJob:
        """The next job."""
        while True:
            job = await self._works().next()
            if job is not None:
                return WorkerJob(self, job)

    grab_job = grabJob

    @call
    async def work(self, size: int) -> None:
        """Does jobs for ever, `size` at a time."""
        if self._worker is None or self._worker.concurrency != size:
            await self._renew(size)
        places = asyncio.Semaphore(size)
        while True:
            await places.acquire()
            job = await self.grabJob()
            task = asyncio.ensure_future(self._run(job))
            self._running.add(task)
            task.add_done_callback(self._running.discard)
            task.add_done_callback(lambda _: places.release())

    def close(self) -> asyncio.Future[Any]:
        """Closes the connections; the server gives what is in hand to others."""
        worker, self._worker = self._worker, None
        ends = [super().close(), *([worker.close()] if worker is not None else [])]
        return asyncio.gather(*ends)

    def _open(self) -> None:
        super()._open()
        if self._worker is None:
            self._begin(1)

    def _begin(self, size: int) -> None:
        self._worker = AsyncWorker(self._address, concurrency=size)
        self._worker._living()
        for name in self._tasks:
            if self.is_enabled(name):
                verb = "broadcast" if name in self._broadcasts else "can_do"
                self._worker._living().announce(verb, self._full(name), 0)

    async def _renew(self, size: int) -> None:
        if self._worker is not None:
            await self._worker.close()
        self._begin(size)

    async def _announce(self, func: str) -> bool:
        if self._worker is None or not self.is_enabled(func):
            return False
        if func in self._broadcasts:
            await self._worker.broadcast(self._full(func))
        else:
            await self._worker.can_do(self._full(func))
        return True

    def _take(self, func: str, task: Any, defrsp: Any, locker: Any) -> None:
        self._tasks[func] = task
        self._defaults[func] = defrsp
        if locker is not None:
            self._lockers[func] = locker

    def _works(self) -> AsyncWorker:
        if self._worker is None:
            raise ClosedError("not connected")
        return self._worker

    async def _run(self, job: WorkerJob) -> None:
        task = self._tasks.get(job.func_name)
        try:
            if task is None:
                await self.remove_func(job.func_name)
                await job.fail()
                return
            locker = self._lockers.get(job.func_name)
            name, count = locker(job) if locker is not None else ("", 0)
            if not name or await job.acquire(name, count):
                await self._finish(job, await self._do(task, job))
        except (FinishedError, StaleError, ClosedError):
            logger.info("%s of %r was not this worker's any more", job.func_name, job.name)

    async def _do(self, task: Task, job: WorkerJob) -> Any:
        try:
            if self._executor is not None and not inspect.iscoroutinefunction(task):
                return await asyncio.get_running_loop().run_in_executor(self._executor, task, job)
            answer = task(job)
            return await answer if inspect.isawaitable(answer) else answer
        except Exception:
            logger.exception("%s of %r failed", job.func_name, job.name)
            return self._defaults.get(job.func_name) or FailResponse()

    async def _finish(self, job: WorkerJob, answer: Any) -> None:
        if job.finished:
            return
        if isinstance(answer, FailResponse):
            await job.fail()
        elif isinstance(answer, SchedLaterResponse):
            await job.sched_later(answer.delay, answer.count)
        else:
            await job.done(answer.buf if isinstance(answer, DoneResponse) else answer)


class Blueprint:
    """Handlers for a worker to take over."""

    def __init__(self) -> None:
        self.handlers: dict[str, tuple[Task, bool, Any, Any]] = {}

    def func(
        self, func_name: str, broadcast: bool = False, defrsp: Any = None, locker: Any = None
    ) -> Callable[[Task], Task]:
        """Lets what is decorated do a function's jobs."""

        def register(task: Task) -> Task:
            self.handlers[func_name] = (task, broadcast, defrsp or DoneResponse(), locker)
            return task

        return register
