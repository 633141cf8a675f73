"""Taking jobs and saying how they ended."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import Any

from . import _requests
from ._connection import reach
from ._core_worker import FAILED, Outcome, WorkerCore
from ._handlers import Handler, Handlers, Pools, failed, outcome_of, outcome_of_run
from ._job import Job, PooledJob, Post
from ._library import lib
from ._loop import Loop, glances
from ._options import connection_options
from ._requests import NOT_NOW
from ._server import Server
from ._values import Text
from .errors import ClosedError, ForkError, PeriodicError

# How long the end of a job may wait for those of others, so that they are said together.
_TOGETHER = 0.001
# How long a server may take to answer for the last ends.
ANSWERS = 5


class BaseWorker(Handlers):
    """What both workers have in common."""

    def __init__(
        self,
        server: Server | str = "unix:///tmp/periodic.sock",
        *,
        concurrency: int = 1,
        identity: Text | None = None,
        token: Text | None = None,
        grace: float | None = 30,
    ) -> None:
        super().__init__()
        if not 1 <= concurrency <= 4096:
            raise ValueError(f"concurrency is 1 to 4096, not {concurrency}")
        self.server = server
        self.concurrency = concurrency
        self.grace = grace
        self._options = connection_options(identity, token)
        self._core: WorkerCore | None = None
        self._process = os.getpid()
        self._is_stopping = False
        self._pools = Pools(concurrency)

    @property
    def stopping(self) -> bool:
        """Whether it was asked to stop: a handler that takes long looks at this, and comes to an end."""
        return self._is_stopping

    @property
    def closed(self) -> bool:
        """Whether it has no connection: not used yet, or closed."""
        return self._core is None

    def _living(self) -> WorkerCore:
        """The connection, made when it is first needed."""
        if self._core is not None and self._process != os.getpid():
            raise ForkError(f"this worker belongs to process {self._process}")
        if self._core is None:
            self._process = os.getpid()
            self._core = self._connect(reach(self.server)())
            for handler in self._handlers.values():
                self._core.announce(handler.verb, handler.name, 0)
        return self._core

    def _connect(self, address: str) -> WorkerCore:
        raise NotImplementedError

    def _register(self, handler: Handler) -> None:
        super()._register(handler)
        if self._core is not None:
            self._core.announce(handler.verb, handler.name, 0)


class Worker(BaseWorker):
    """Takes jobs from a server: a `Server` of this process, or the address of one.

        worker = Worker("unix:///run/app/jobs.sock")

        @worker.func("resize")
        def resize(job):
            return make_smaller(job.workload)

        worker.run()

    Up to `concurrency` jobs are in hand at a time. Handlers run one after the other in this thread, those
    of a pool so many at once; a handler that takes minutes belongs into a pool, because the server hears
    nothing from here meanwhile. Without handlers, iterate over the worker and end each job yourself.

    It connects when it is first used, belongs to the thread that uses it first, and connects again whenever
    the server was gone. When it stops, `grace` seconds are given to the handlers that run in pools.
    `identity` and `token` are as for a `Client`. With `loop=` it lives on that `Loop`.
    """

    def __init__(
        self,
        server: Server | str = "unix:///tmp/periodic.sock",
        *,
        concurrency: int = 1,
        loop: Loop | None = None,
        identity: Text | None = None,
        token: Text | None = None,
        grace: float | None = 30,
    ) -> None:
        super().__init__(
            server, concurrency=concurrency, identity=identity, token=token, grace=grace
        )
        self._given_loop = loop
        self._pooled = 0
        # What threads have for the worker's; appending and popping need no lock.
        self._mail: deque[Callable[[], None]] = deque()

    def _register(self, handler: Handler) -> None:
        if handler.is_async:
            raise TypeError("a Worker cannot await: use AsyncWorker for async handlers")
        super()._register(handler)

    def run(self, *, signals: bool = True) -> None:
        """Does jobs until `stop`, or SIGINT or SIGTERM: then it finishes those that have begun and hands
        back the rest. A second signal ends it at once. Not in the main thread, or with `signals=False`,
        signals are the program's affair.
        """
        self._is_stopping = False
        core = self._living()
        waiting = select.poll()
        waiting.register(core.loop.fileno(), select.POLLIN)
        with _stopped_by_signals(self) if signals else contextlib.nullcontext():
            while not self._is_stopping:
                if self._turn():
                    continue
                left = core.loop.timeout()
                waiting.poll(None if left is None else left * 1000)
            self._finish(core)
        self.close()

    def stop(self) -> None:
        """Makes `run` come to its end; from any thread, and from handlers."""
        self._is_stopping = True
        if self._core is not None:
            self._core.loop.wake()

    def run_pending(self) -> int:
        """Does the jobs that are there, without waiting for more; returns how many were begun.

        For programs with a loop of their own, and for tests."""
        count = 0
        while done := self._turn():
            count += done
        return count

    def can_do(self, function: Text, timeout: float | None = 10) -> None:
        """Announces a function that is done by iterating; a timeout of 0 does not wait.

        Whatever this raises for the server's word, the worker goes on wanting the function: a server
        that refused it is asked again with growing pauses, until `cannot_do`."""
        self._living().announce("can_do", function, timeout)

    def broadcast(self, function: Text, timeout: float | None = 10) -> None:
        """Announces a function whose jobs go to every worker that has it, if all said this; else like
        `can_do`. The later of the two counts."""
        self._living().announce("broadcast", function, timeout)

    def cannot_do(self, function: Text, timeout: float | None = 10) -> None:
        """Takes a function back; jobs of it that are in hand stay."""
        self._living().announce("cannot_do", function, timeout)

    def next(self, timeout: float | None = None) -> Job | None:
        """The next job; None when the time is over. Raises `ClosedError` while draining."""
        jobs = self.next_many(1, timeout)
        return jobs[0] if jobs else None

    def next_many(self, most: int, timeout: float | None = None) -> list[Job]:
        """Up to `most` jobs that are there, waiting for the first; none when the time is over."""
        core = self._living()
        core.flush()
        for wait in glances(core.loop, timeout):
            jobs = [Job(core, *shown) for shown in core.take(most, wait)]
            if core.is_draining:
                raise ClosedError("this worker is draining")
            if jobs:
                break
        return jobs

    def done_many(self, jobs: list[Job]) -> None:
        """Ends jobs of this worker as done, without a result."""
        core = self._living()
        ends = [job._pointer for job in jobs]
        if not all(ends):
            raise ClosedError("one of the jobs is over here")
        core.done += ends
        for job in jobs:
            job._pointer = 0
        core.flush()

    def drain(self, timeout: float | None = None) -> None:
        """Takes on nothing new, and waits until every job in hand is ended and answered for."""
        core = self._living()
        core.flush()
        core.drain(timeout)

    def close(self) -> None:
        """Closes the connection; the server gives what is in hand to others. Twice does no harm."""
        core, self._core = self._core, None
        self._pools.close()
        if core is not None and self._process == os.getpid():
            core.close()
            if self._given_loop is None:
                core.loop.close()

    def __iter__(self) -> Iterator[Job]:
        while True:
            try:
                job = self.next()
            except ClosedError:
                return
            if job is not None:
                yield job

    def __enter__(self) -> Worker:
        self._living()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        try:
            self.close()
        except (AttributeError, PeriodicError):
            return  # It was never made; or it is another thread's.

    def _connect(self, address: str) -> WorkerCore:
        return WorkerCore(self._given_loop or Loop(), address, self.concurrency, self._options)

    def _turn(self, wait: int = 0) -> int:
        """Does what is there, or comes within `wait` milliseconds; how much that was."""
        core = self._living()
        count = self._read_mail()
        core.flush()
        handlers, clock = self._handlers, time.monotonic
        begin = clock()
        for shown in core.take(self.concurrency, wait):
            job = Job(core, *shown)
            count += 1
            if self._is_stopping:
                # The server gives it to another when this connection ends.
                job.free()
                continue
            handler = handlers.get(shown[0])
            if handler is None or handler.pool is not None:
                self._hand_on(job, handler)
            else:
                self._do(job, handler)
            if clock() - begin > _TOGETHER:
                core.flush()
                begin = clock()
        core.flush()
        return count

    def _do(self, job: Job, handler: Handler) -> None:
        """Runs a handler here."""
        try:
            outcome = outcome_of(handler.call, job)
        except BaseException:
            # The program ends: the run failed.
            self._report(job, FAILED)
            raise
        self._report(job, outcome)

    def _report(self, job: Job, outcome: Outcome) -> None:
        pointer, core = job._pointer, self._core
        if pointer and core is not None:
            job._pointer = 0
            core.report(pointer, outcome)

    def _hand_on(self, job: Job, handler: Handler | None) -> None:
        """Gives a job to a pool."""
        if handler is None:
            # Taken back meanwhile: for others.
            self._report(job, FAILED)
            return
        self._pooled += 1
        threaded = handler.pool != "process"
        pooled = PooledJob(job, self._post(job) if threaded else None)
        try:
            run = self._pools.submit(handler, pooled)
        except RuntimeError:
            self._pooled -= 1
            self._report(job, failed(job))
            return
        run.add_done_callback(lambda run: self._write(lambda: self._pool_is_done(job, run)))

    def _pool_is_done(self, job: Job, run: Future[Any]) -> None:
        self._pooled -= 1
        self._report(job, outcome_of_run(run, job))

    def _post(self, job: Job) -> Post:
        """The way from a thread of a pool to the job."""

        def post(body: Callable[[Job, Future[Any]], None]) -> Future[Any]:
            answer: Future[Any] = Future()

            def act() -> None:
                try:
                    body(job, answer)
                except Exception as error:
                    answer.set_exception(error)

            self._write(act)
            return answer

        return post

    def _write(self, letter: Callable[[], None]) -> None:
        """Has something done in the worker's thread; from any thread."""
        self._mail.append(letter)
        core = self._core
        if core is not None and not core.closed:
            lib.periodic_loop_wake(core.loop._pointer)

    def _read_mail(self) -> int:
        count = 0
        while self._mail:
            self._mail.popleft()()
            count += 1
        return count

    def _finish(self, core: WorkerCore) -> None:
        """Takes on nothing new, waits for the handlers in pools, and until the server has heard of every
        end."""
        limit = time.monotonic() + (1e9 if self.grace is None else self.grace)
        request = core.start_drain(None)
        while time.monotonic() < limit:
            self._read_mail()
            core.flush()
            core.hand_back()
            # What comes from a pool ends no wait in the library.
            if _requests.next_part(request, 20 if self._pooled else 200)[0] != NOT_NOW:
                break
            if not self._pooled:
                limit = min(limit, time.monotonic() + ANSWERS)
        lib.periodic_request_free(request)


@contextlib.contextmanager
def _stopped_by_signals(worker: Worker) -> Iterator[None]:
    """Lets SIGINT and SIGTERM stop a worker, and the second of them the program."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    former: dict[int, Any] = {}

    def stop(number: int, _: object) -> None:
        if worker.stopping:
            raise KeyboardInterrupt
        worker.stop()

    for number in (signal.SIGINT, signal.SIGTERM):
        former[number] = signal.signal(number, stop)
    try:
        yield
    finally:
        for heard, handler in former.items():
            signal.signal(heard, handler)
