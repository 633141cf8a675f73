"""Tests of programs that use libperiodic: a server in memory, time that a test sets, handlers at once.

The pytest plugin has a `Sandbox` as the fixture `periodic`; other test frameworks make one themselves.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from typing import Any, TypeVar

from ._client import Client
from ._handlers import Handler, Handlers
from ._job import Job
from ._loop import Loop
from ._requests import Question
from ._server import Server
from ._streams import Run, RunStream
from ._values import Text, as_bytes
from ._worker import Worker

T = TypeVar("T")

START = 1_700_000_000
"""When time begins in a sandbox, seconds since 1970."""


class Clock:
    """The time of a sandbox, which stands still until `advance`."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def now(self) -> float:
        """Seconds since 1970."""
        return self._sandbox.loop.time()

    def advance(self, seconds: float) -> int:
        """Moves time on. Whatever falls due on the way happens at its own time, in order: jobs are handed
        out and handlers run. Returns how many runs there were."""
        loop, worker = self._sandbox.loop, self._sandbox.worker
        end = round((loop.time() + seconds) * 1000)
        runs = worker.run_pending()
        while (left := end - round(loop.time() * 1000)) > 0:
            runs += worker._turn(left)
        return runs + worker.run_pending()


class Sandbox:
    """A server in memory with a client and a worker, all in the test's thread, in virtual time.

        def test_a_reminder_is_sent_after_a_day(periodic):
            periodic.include(app.worker)
            periodic.client.submit("remind", "anna", delay=86400)
            assert periodic.clock.advance(86400) == 1

    `include` takes over the handlers of the program's worker; coroutines and handlers of pools run here as
    well, one after the other. With `immediate = True` each submit runs what is due before it returns.
    """

    def __init__(self, *, immediate: bool = False, start: float = START) -> None:
        self.immediate = immediate
        self.loop = Loop()
        self.loop.set_virtual_clock(start)
        numbers = itertools.count(1)
        # Every run of a test is the same.
        self.loop.set_random(lambda: next(numbers) * 0x9E3779B97F4A7C15)
        self.server = Server(loop=self.loop).start()
        self.client: Client = _SandboxClient(self)
        self.worker: Worker = _SandboxWorker(self)
        self.clock = Clock(self)

    def include(self, handlers: Handlers) -> None:
        """Takes over the handlers of a worker, or of a group of them."""
        self.worker.include(handlers)
        self._settle()

    def func(self, function: Text) -> Callable[[Any], Any]:
        """Lets what is decorated do the jobs of a function."""

        def register(call: Any) -> Any:
            self.worker.func(function)(call)
            self._settle()
            return call

        return register

    def run_pending(self) -> int:
        """Runs what is due; returns how many runs there were."""
        return self.worker.run_pending()

    def close(self) -> None:
        """Ends it."""
        self.worker.close()
        self.client.close()
        self.server.close()
        self.loop.close()

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _settle(self) -> None:
        """Lets the server hear which functions there are."""
        known = set(self.worker._handlers)
        self.worker._living()
        while not known <= {as_bytes(row.function) for row in self.client.status()}:
            pass


class _SandboxClient(Client):
    """Lets handlers run before a call returns: always when it waits for them, else if they are immediate."""

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__(sandbox.server, loop=sandbox.loop)
        self._sandbox = sandbox

    def _do(self, question: Question[T], timeout: float | None) -> T:
        end = super()._do(question, timeout)
        if self._sandbox.immediate:
            self._sandbox.run_pending()
        return end

    def run(self, *job: Any, **options: Any) -> bytes:
        return self.start_run(*job, **options).result()

    def start_run(self, *job: Any, **options: Any) -> Run:
        run = super().start_run(*job, **options)
        self._sandbox.run_pending()
        return run

    def run_stream(self, *job: Any, **options: Any) -> RunStream:
        stream = super().run_stream(*job, **options)
        self._sandbox.run_pending()
        return stream


class _SandboxJob(Job):
    """A job for coroutines, which await its lock."""

    __slots__ = ()

    async def lock(  # type: ignore[override]
        self, name: Text, count: int = 1, timeout: float | None = 10
    ) -> bool:
        return super().lock(name, count, timeout)


class _SandboxWorker(Worker):
    """Runs every kind of handler in the test's thread."""

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__(sandbox.server, loop=sandbox.loop, concurrency=64)

    def _register(self, handler: Handler) -> None:
        call = handler.call
        if handler.is_async:
            call = _awaited(call)
        super()._register(Handler(handler.name, call, None, handler.broadcast))


def _awaited(call: Callable[[Any], Any]) -> Callable[[Job], Any]:
    def run(job: Job) -> Any:
        waited = _SandboxJob(
            job._core,
            job._function,
            job._name,
            job.workload,
            job.count,
            job.timeout,
            job._pointer,
        )
        try:
            return asyncio.run(call(waited))
        finally:
            job._pointer = waited._pointer

    return run


__all__ = ["START", "Clock", "Sandbox"]
