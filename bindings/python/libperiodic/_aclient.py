"""Submitting jobs from asyncio."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterable
from typing import Any, TypeVar

from . import _requests
from ._aio import Driver
from ._connection import DEFAULT, Connection, beyond, reach
from ._library import failure, lib
from ._memory import Columns
from ._options import connection_options
from ._requests import MORE, NOT_NOW, Question
from ._server import Server
from ._values import (
    FunctionStatus,
    JobRequest,
    Text,
    When,
    columns,
    payload,
    seconds_since_1970,
)
from .errors import ClosedError, ForkError, PeriodicError

T = TypeVar("T")
Waiting = list[tuple[Columns, "asyncio.Future[None]"]]


class AsyncClient:
    """Submits jobs from coroutines: a `Client` whose methods are awaited, with the same names.

        async with AsyncClient("unix:///run/app/jobs.sock") as client:
            await client.submit("resize", "a.png")

    It has one connection, on the running event loop, made when it is first used.
    """

    def __init__(
        self,
        server: Server | str,
        *,
        identity: Text | None = None,
        token: Text | None = None,
        data_bytes: int = 0,
    ) -> None:
        self._address = reach(server)
        self._options = connection_options(identity, token, data_bytes)
        self._process = os.getpid()
        self._connection: Connection | None = None
        self._driver: Driver | None = None
        self._is_closed = False
        self._waiting: dict[float | None, Waiting] = {}

    async def submit(
        self,
        function: Text,
        name: Text,
        workload: Text = b"",
        *,
        json: Any = None,
        run_at: When = None,
        delay: float | None = None,
        run_timeout: int = 0,
        timeout: float | None = 10,
    ) -> None:
        """Submits a job, or replaces the waiting one of the same name; returns once it is stored.

        `json` is a value that becomes the workload. The job runs at `run_at`, or `delay` seconds from now,
        or at once; `run_timeout` are the seconds that a run may take. Submits that several tasks make in the
        same moment travel together.
        """
        when = seconds_since_1970(run_at, delay, self._open().loop.time)
        job = (function, name, payload(workload, json), when, run_timeout)
        await self._together(columns([job]), timeout)

    async def submit_many(
        self, jobs: Iterable[JobRequest | tuple[Any, ...]], *, timeout: float | None = 30
    ) -> list[PeriodicError | None]:
        """Submits jobs together, which is many times faster; the result of each, None if stored."""
        some = columns(jobs)
        return await self._do(_requests.submit_many(some), timeout) if some[1] else []

    async def run(
        self,
        function: Text,
        name: Text,
        workload: Text = b"",
        *,
        json: Any = None,
        run_timeout: int = 0,
        timeout: float | None = DEFAULT,
    ) -> bytes:
        """Submits a job and waits for its result, which is what the handler returned.

        Raises `NoWorkerError` at once if no worker has the function, and `RunError` if the run failed or
        was put back for later, the job was removed, or `run_timeout` seconds (60 if 0) are over. `timeout`
        is ten seconds more if it is not given.
        """
        job = columns([(function, name, payload(workload, json), 0, run_timeout)])
        return await self._do(_requests.run(job), beyond(run_timeout, timeout))

    def receive_data(
        self, function: Text, name: Text, *, seconds: int = 0, timeout: float | None = DEFAULT
    ) -> AsyncDataStream:
        """Listens to what a handler says about a job while it runs (`Job.data`), from now on.

        Iterate over what is returned with `async for`: it ends when the job does, or after `seconds`, 60 if 0, and
        raises `NoWorkerError` if no worker has the function. The job need not exist yet. A piece that is
        b"EOF" ends it too. `timeout` is ten seconds more than `seconds` if it is not given.
        """
        question = _requests.receive_data(function, name, seconds)
        return AsyncDataStream(self, question, beyond(seconds, timeout))

    def run_stream(
        self,
        function: Text,
        name: Text,
        workload: Text = b"",
        *,
        json: Any = None,
        run_timeout: int = 0,
        timeout: float | None = DEFAULT,
    ) -> AsyncRunStream:
        """Runs a job and listens to it: `async for` the pieces; then `result` is what `run` returns."""
        job = columns([(function, name, payload(workload, json), 0, run_timeout)])
        wait = beyond(run_timeout, timeout)
        listen = _requests.receive_data(function, name, run_timeout)
        return AsyncRunStream(self, listen, _requests.run(job), wait)

    async def remove(self, function: Text, name: Text, timeout: float | None = 10) -> None:
        """Removes a job in whatever state it is; no error if there is none."""
        await self._do(_requests.remove(function, name), timeout)

    async def drop(self, function: Text, timeout: float | None = 10) -> None:
        """Drops a function with all its jobs, if no worker has it."""
        await self._do(_requests.drop(function), timeout)

    async def status(self, timeout: float | None = 10) -> list[FunctionStatus]:
        """Every function that the server knows, in the order of their names' bytes."""
        return await self._do(_requests.status(), timeout)

    async def ping(self, timeout: float | None = 10) -> None:
        """Asks for a sign of life."""
        await self._do(_requests.ping(), timeout)

    async def get_setting(self, key: Text, timeout: float | None = 10) -> int:
        """The number of a server's setting, such as "timeout"; 0 for a key that it does not know."""
        return await self._do(_requests.get_setting(key), timeout)

    async def set_setting(self, key: Text, value: int, timeout: float | None = 10) -> None:
        """Sets a setting, at once and for good; a key that the server does not know is ignored."""
        await self._do(_requests.set_setting(key, value), timeout)

    async def dump(self, timeout: float | None = 60) -> bytes:
        """Every job, in whatever state, as the list that `load` takes."""
        return await self._do(_requests.dump(), timeout)

    async def load(self, jobs: bytes, timeout: float | None = 60) -> None:
        """Submits every job of a list that `dump` made. Raises `DisconnectedError` for what is none."""
        await self._do(_requests.load(jobs), timeout)

    async def shutdown(self, timeout: float | None = 30) -> None:
        """Stops the server, and waits until it has closed the connection. `NoWorkerError`: not allowed."""
        await self._do(_requests.shutdown(), timeout)

    @property
    def closed(self) -> bool:
        """Whether it has been closed."""
        return self._is_closed

    async def close(self) -> None:
        """Closes the connection; twice does no harm. What waits for an answer gets `CanceledError`."""
        self._is_closed = True
        connection, self._connection = self._connection, None
        driver, self._driver = self._driver, None
        if connection is not None and self._process == os.getpid():
            connection.close()
        if driver is not None:
            # Those who wait are told in a turn.
            driver.schedule()
            await asyncio.sleep(0)
            driver.release()

    async def __aenter__(self) -> AsyncClient:
        self._open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def _open(self) -> Connection:
        if self._is_closed:
            raise ClosedError("this AsyncClient is closed")
        if self._process != os.getpid():
            raise ForkError(f"this AsyncClient belongs to process {self._process}")
        if self._connection is None:
            driver = Driver.current()
            self._connection = Connection(driver.loop, self._address(), self._options)
            self._driver = driver
            driver.acquire()
        return self._connection

    def _start(self, question: Question[Any], timeout: float | None) -> tuple[Driver, int]:
        request = self._open().start(question, timeout)
        assert self._driver is not None
        return self._driver, request

    async def _do(self, question: Question[T], timeout: float | None) -> T:
        driver, request = self._start(question, timeout)
        return await driver.ask(self._open(), question, request)

    async def _together(self, job: Columns, timeout: float | None) -> None:
        """Submits with all others that are submitted before the event loop comes round."""
        self._open()
        stored = asyncio.get_running_loop().create_future()
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self._send)
        self._waiting.setdefault(timeout, []).append((job, stored))
        await stored

    def _send(self) -> None:
        waiting, self._waiting = self._waiting, {}
        for timeout, some in waiting.items():
            try:
                question = _requests.submit_many(_joined([job for job, _ in some]))
                driver, request = self._start(question, timeout)
                _requests.listen(request, _sharing(request, question, some))
                driver.schedule()
            except PeriodicError as error:
                for _, stored in some:
                    if not stored.done():
                        stored.set_exception(error)


def _joined(jobs: list[Columns]) -> Columns:
    """Single jobs as one batch."""
    functions, names, workloads, times, timeouts = (
        [one for column in some for one in column] for some in zip(*jobs)
    )
    return functions, names, workloads, times, timeouts


def _sharing(
    request: int, question: Question[list[PeriodicError | None]], some: Waiting
) -> _requests.Told:
    """Tells each of those who submitted together how it went."""

    def told(code: int) -> None:
        try:
            ends = question.finish(request, code, b"", "")
        except PeriodicError as error:
            ends = [error] * len(some)
        for (_, stored), end in zip(some, ends):
            if stored.done():
                continue
            if end is None:
                stored.set_result(None)
            else:
                stored.set_exception(end)
        lib.periodic_request_free(request)

    return told


class AsyncDataStream:
    """The data of a job: iterate over it with `async for`; it ends when the job does."""

    def __init__(
        self, client: AsyncClient, question: Question[Any], timeout: float | None
    ) -> None:
        self._client = client
        self._driver, self._request = client._start(question, timeout)
        self._come = asyncio.Event()
        self.ended = False
        """Whether the end has been heard."""
        come = self._come
        _requests.listen(self._request, lambda _: come.set())
        self._driver.schedule()

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        while not self.ended:
            self._come.clear()
            code, data = _requests.next_part(self._request, 0)
            self._driver.schedule()
            if code == MORE:
                return data
            if code == NOT_NOW:
                await self._come.wait()
                continue
            self.ended = True
            if code < 0:
                raise failure(code)
            await self._at_end()
        raise StopAsyncIteration

    async def _at_end(self) -> None:
        """The pieces are over."""

    async def close(self) -> None:
        """Withdraws the request if it has not ended; what it asked for may still be done."""
        self.ended = True
        lib.periodic_request_free(self._request)
        self._driver.schedule()

    async def __aenter__(self) -> AsyncDataStream:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def __del__(self) -> None:
        request = self.__dict__.get("_request")
        if request is not None:
            lib.periodic_request_free(request)


class AsyncRunStream(AsyncDataStream):
    """A job that runs: `async for` the pieces that it says, after which `result` is there."""

    def __init__(
        self,
        client: AsyncClient,
        listen: Question[None],
        run: Question[bytes],
        timeout: float | None,
    ) -> None:
        super().__init__(client, listen, timeout)
        self.result = b""
        """What the handler returned, once the pieces are over."""
        self._run = asyncio.ensure_future(client._do(run, timeout))
        # Nobody may ask for its end, if the pieces end with a failure.
        self._run.add_done_callback(lambda run: run.cancelled() or run.exception())

    async def _at_end(self) -> None:
        self.result = await self._run

    async def close(self) -> None:
        """Withdraws what has not ended; the job may still be done."""
        self._run.cancel()
        await super().close()

    async def __aenter__(self) -> AsyncRunStream:
        return self
