"""Taking jobs in asyncio."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future
from typing import Any

from ._aio import Driver
from ._core_worker import FAILED, Outcome, WorkerCore
from ._handlers import (
    Handler,
    failed,
    outcome_of,
    outcome_of_later,
    outcome_of_result,
    outcome_of_run,
)
from ._job import AsyncJob, PooledJob, Post
from ._server import Server
from ._values import Later, Text
from ._worker import ANSWERS, BaseWorker
from .errors import ClosedError

# A task that begins at once, and mostly ends at once, costs half of one that is put in line.
_EAGER: dict[str, Any] = {"eager_start": True} if sys.version_info >= (3, 12) else {}


class AsyncWorker(BaseWorker):
    """Takes jobs in asyncio: a `Worker` with the same names, whose handlers may be coroutines.

        worker = AsyncWorker("unix:///run/app/jobs.sock", concurrency=100)

        @worker.func("fetch")
        async def fetch(job):
            async with session.get(job.json()["url"]) as answer:
                return await answer.read()

        asyncio.run(worker.run())

    Up to `concurrency` jobs are in hand at a time, each in a task of its own. Plain handlers run on the
    event loop, which they hold up, or in a pool. It makes no thread. It connects when it is first used, and
    again whenever the server was gone.
    """

    def __init__(
        self,
        server: Server | str = "unix:///tmp/periodic.sock",
        *,
        concurrency: int = 100,
        identity: Text | None = None,
        token: Text | None = None,
        grace: float | None = 30,
    ) -> None:
        super().__init__(
            server, concurrency=concurrency, identity=identity, token=token, grace=grace
        )
        self._driver: Driver | None = None
        self._tasks: dict[AsyncJob, asyncio.Task[None]] = {}
        self._is_running = False
        self._takers: list[asyncio.Future[AsyncJob]] = []
        self._stop: asyncio.Event | None = None

    async def run(self, *, signals: bool = True) -> None:
        """Does jobs until `stop`, SIGINT or SIGTERM, or until it is cancelled: then it finishes those that
        have begun, within `grace` seconds, and hands back the rest. A second signal cancels the handlers.
        """
        self._is_stopping = False
        self._stop = asyncio.Event()
        core = self._living()
        assert self._driver is not None
        self._is_running = True
        heard = self._hear_signals() if signals else []
        try:
            self._driver.schedule()
            await self._stop.wait()
        finally:
            self._is_stopping = True
            try:
                await self._finish(core)
            finally:
                for number in heard:
                    asyncio.get_running_loop().remove_signal_handler(number)
                await self.close()

    def stop(self) -> None:
        """Makes `run` come to its end; on the event loop's thread, and from handlers."""
        self._is_stopping = True
        if self._stop is not None:
            self._stop.set()

    async def can_do(self, function: Text) -> None:
        """Announces a function that is done by iterating."""
        self._living().announce("can_do", function, 0)

    async def broadcast(self, function: Text) -> None:
        """Announces a function whose jobs go to every worker that has it, if all said this."""
        self._living().announce("broadcast", function, 0)

    async def cannot_do(self, function: Text) -> None:
        """Takes a function back; jobs of it that are in hand stay."""
        self._living().announce("cannot_do", function, 0)

    async def next(self, timeout: float | None = None) -> AsyncJob | None:
        """The next job; None when the time is over. Raises `ClosedError` once it is closed."""
        core = self._living()
        assert self._driver is not None
        if core.is_draining:
            raise ClosedError("this worker is draining")
        taker: asyncio.Future[AsyncJob] = asyncio.get_running_loop().create_future()
        self._takers.append(taker)
        self._driver.schedule()
        try:
            return await asyncio.wait_for(taker, timeout)
        except asyncio.TimeoutError:
            return None
        finally:
            if taker in self._takers:
                self._takers.remove(taker)

    async def drain(self, timeout: float | None = None) -> None:
        """Takes on nothing new, and waits until every job in hand is ended and answered for."""
        core = self._living()
        assert self._driver is not None
        core.flush()
        await self._driver.wait_for(core.start_drain(timeout))
        core.is_draining = True

    async def close(self) -> None:
        """Closes the connection; the server gives what is in hand to others. Twice does no harm."""
        core, self._core = self._core, None
        driver, self._driver = self._driver, None
        self._pools.close()
        self._is_running = False
        for taker in self._takers:
            if not taker.done():
                taker.set_exception(ClosedError("this worker is closed"))
        self._takers.clear()
        if core is not None and driver is not None and self._process == os.getpid():
            driver.members.remove(self)
            core.close()
            driver.schedule()
            await asyncio.sleep(0)
            driver.release()

    async def __aiter__(self) -> AsyncIterator[AsyncJob]:
        while True:
            try:
                job = await self.next()
            except ClosedError:
                return
            if job is not None:
                yield job

    async def __aenter__(self) -> AsyncWorker:
        self._living()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def before_turn(self) -> None:
        """Says how jobs ended."""
        if self._core is not None:
            self._core.flush()

    def after_turn(self) -> None:
        """Begins the jobs that have come."""
        core = self._core
        if core is None or core.is_draining:
            return
        if self._takers:
            self._hand_out(core)
        elif self._is_stopping:
            core.hand_back()
        elif self._is_running:
            for shown in core.take(self.concurrency, 0):
                job = AsyncJob(core, *shown)
                handler = self._handlers.get(shown[0])
                if handler is None:
                    self._report(job, FAILED)
                elif handler.is_async:
                    self._begin(self._await(handler.call, job), job)
                elif handler.pool is None:
                    self._report(job, outcome_of(handler.call, job))
                else:
                    self._begin(self._pooled(handler, job), job)
        core.flush()

    def _hand_out(self, core: WorkerCore) -> None:
        """Gives jobs to those who wait in `next`."""
        waiting = [taker for taker in self._takers if not taker.done()]
        for taker, shown in zip(waiting, core.take(len(waiting), 0) if waiting else ()):
            taker.set_result(AsyncJob(core, *shown))
        self._takers = [taker for taker in self._takers if not taker.done()]

    def _connect(self, address: str) -> WorkerCore:
        driver = self._driver = Driver.current()
        core = WorkerCore(driver.loop, address, self.concurrency, self._options, driver)
        driver.acquire()
        driver.members.append(self)
        return core

    def _begin(self, work: Any, job: AsyncJob) -> None:
        task: asyncio.Task[None] = asyncio.Task(
            work, loop=self._driver.host, **_EAGER  # type: ignore[union-attr]
        )
        # The task itself takes itself out, which costs less than a callback.
        if not task.done():
            self._tasks[job] = task

    async def _await(self, call: Callable[[AsyncJob], Any], job: AsyncJob) -> None:
        """Runs a handler that is a coroutine."""
        try:
            result = await call(job)
        except Later as later:
            self._report(job, outcome_of_later(later))
        except asyncio.CancelledError:
            # The worker was told to stop at once: the server gives the job to others.
            if not job.ended:
                job.free()
            raise
        except Exception:
            self._report(job, failed(job))
        else:
            self._report(job, outcome_of_result(result, job))
        finally:
            self._tasks.pop(job, None)

    async def _pooled(self, handler: Handler, job: AsyncJob) -> None:
        """Runs a handler in a pool."""
        pooled = PooledJob(job, self._post(job) if handler.pool != "process" else None)
        try:
            run = self._pools.submit(handler, pooled)
            ended = asyncio.wrap_future(run)
            await asyncio.wait([ended])
            ended.exception()
            self._report(job, outcome_of_run(run, job))
        except RuntimeError:
            self._report(job, failed(job))
        finally:
            self._tasks.pop(job, None)

    def _post(self, job: AsyncJob) -> Post:
        """The way from a thread of a pool to the job."""
        host = asyncio.get_running_loop()

        def post(body: Callable[[Any, Future[Any]], None]) -> Future[Any]:
            answer: Future[Any] = Future()

            def act() -> None:
                try:
                    body(job, answer)
                except Exception as error:
                    answer.set_exception(error)

            host.call_soon_threadsafe(act)
            return answer

        return post

    def _report(self, job: AsyncJob, outcome: Outcome) -> None:
        pointer, core = job._pointer, self._core
        if pointer and core is not None:
            job._pointer = 0
            core.report(pointer, outcome)
            core.stir()

    def _hear_signals(self) -> list[int]:
        if threading.current_thread() is not threading.main_thread():
            return []
        host = asyncio.get_running_loop()

        def stop() -> None:
            if self._is_stopping:
                for task in self._tasks.values():
                    task.cancel()
            self.stop()

        for number in (signal.SIGINT, signal.SIGTERM):
            host.add_signal_handler(number, stop)
        return [signal.SIGINT, signal.SIGTERM]

    async def _finish(self, core: WorkerCore) -> None:
        """Takes on nothing new, waits for the handlers, and until the server has heard of every end."""
        driver = self._driver
        if driver is None or core.closed:
            return
        drained = asyncio.ensure_future(driver.code_of(core.start_drain(None)))
        if self._tasks:
            await asyncio.wait(list(self._tasks.values()), timeout=self.grace)
        for task in self._tasks.values():
            task.cancel()
        if self._tasks:
            await asyncio.wait(list(self._tasks.values()), timeout=1)
        core.flush()
        driver.schedule()
        # A server that is gone, or slow, runs again what it has not heard of.
        await asyncio.wait([drained], timeout=ANSWERS)
        drained.cancel()
