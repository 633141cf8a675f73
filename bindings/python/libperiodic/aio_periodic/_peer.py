"""Clients of aio_periodic."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from .. import _requests
from .._aclient import AsyncClient
from .._values import columns, result_bytes
from ..errors import ClosedError, PeriodicError
from ._values import Job, Transport, call, text


class Peer:
    """What clients and workers have in common: an address, a prefix, and the requests."""

    def __init__(self) -> None:
        self._address = "unix:///tmp/periodic.sock"
        self._client: AsyncClient | None = None
        self.prefix = self.subfix = ""

    def add_server(self, entrypoint: str) -> None:
        """Where the server is; `connect` goes there."""
        self._address = Transport(entrypoint).entrypoint

    def set_prefix(self, prefix: str) -> None:
        """Goes before every function's name."""
        self.prefix = prefix

    def set_subfix(self, subfix: str) -> None:
        """Goes after every function's name."""
        self.subfix = subfix

    @call
    async def connect(self, transport: Any = None, *arguments: Any) -> bool:
        """Connects; anew after every loss."""
        if callable(transport) and not isinstance(transport, Transport):
            transport = transport(*arguments)
        if isinstance(transport, Transport):
            self._address = transport.entrypoint
        elif isinstance(transport, str):
            self.add_server(transport)
        self._open()
        await self._asks().ping()
        return True

    @property
    def connected(self) -> bool:
        """Whether `connect` was called."""
        return self._client is not None

    def close(self) -> asyncio.Future[Any]:
        """Closes the connection; who wants to can wait until it is."""
        client, self._client = self._client, None
        return asyncio.gather(*([client.close()] if client is not None else []))

    @call
    async def ping(self, timeout: float = 10) -> bool:
        """Whether the server answers."""
        await self._asks().ping(timeout)
        return True

    @call
    async def submit_job(self, *arguments: Any, job: Any = None, **fields: Any) -> bool:
        """Submits a job: given as a `Job`, as a dict, or by its fields."""
        one = self._job(arguments, job, fields)
        try:
            await self._asks().submit(
                one.func, one.name, one.workload, run_at=one.sched_at, run_timeout=one.timeout
            )
        except PeriodicError:
            return False
        return True

    submitJob = submit_job

    @call
    async def run_job(
        self, *arguments: Any, job: Any = None, stream: Any = None, **fields: Any
    ) -> bytes:
        """Runs a job and returns its result; `stream` is called with each piece of data."""
        one = self._job(arguments, job, fields)
        wait = one.timeout or 10
        asks = self._asks()
        if stream is None:
            question = _requests.run(columns([(one.func, one.name, one.workload, 0, wait)]))
            # The words "failed", "removed" and "expired" are results there.
            question.read = lambda _, data: data
            result: bytes = await asks._do(question, wait + 10)
            return result
        async with asks.run_stream(one.func, one.name, one.workload, run_timeout=wait) as pieces:
            async for piece in pieces:
                said = stream(piece)
                if inspect.isawaitable(said):
                    await said
        return pieces.result

    @call
    async def remove_job(self, func: Any, name: Any) -> bool:
        """Removes a job."""
        await self._asks().remove(self._full(func), text(name))
        return True

    @call
    async def drop_func(self, func: Any) -> bool:
        """Drops a function, if no worker has it."""
        await self._asks().drop(self._full(func))
        return True

    @call
    async def status(self) -> dict[str, dict[str, Any]]:
        """What the server knows of each function."""
        return {
            row.function: {
                "func_name": row.function,
                "worker_count": row.workers,
                "job_count": row.jobs,
                "processing": row.running,
                "locked": row.locked,
                "sched_at": row.scheduled_at,
            }
            for row in await self._asks().status()
        }

    async def recv_job_data(self, func: Any, name: Any, timeout: int = 120) -> AsyncIterator[bytes]:
        """What a worker says of a job while it runs."""
        async for piece in self._asks().receive_data(
            self._full(func), text(name), seconds=timeout
        ):
            yield piece

    def _open(self) -> None:
        if self._client is None:
            self._client = AsyncClient(self._address)

    def _asks(self) -> AsyncClient:
        if self._client is None:
            raise ClosedError("not connected")
        return self._client

    def _full(self, func: Any) -> str:
        return f"{self.prefix}{text(func)}{self.subfix}"

    def _job(self, arguments: tuple[Any, ...], job: Any, fields: dict[str, Any]) -> Job:
        first = arguments[0] if arguments else job
        if isinstance(first, dict):
            one = Job(**first)
        elif hasattr(first, "func") and hasattr(first, "name"):
            one = Job(**{name: getattr(first, name) for name in vars(Job())})
        else:
            one = Job(*arguments, **fields)
        one.func, one.name = self._full(one.func), text(one.name)
        one.workload = result_bytes(one.workload)
        return one


class Client(Peer):
    """Submits jobs."""

    def __init__(self, loop: Any = None) -> None:
        super().__init__()


class Pool:
    """One client, for so many at a time, made anew when it does not answer."""

    def __init__(self, init: Callable[[], Any], size: int, timeout: int = 0) -> None:
        self.init = init
        self.client: Any = None
        self._places = asyncio.Semaphore(size)

    @call
    async def get(self) -> Any:
        """The client; `release` it."""
        await self._places.acquire()
        try:
            if self.client is None:
                self.client = await self.init()
            await self.client.ping()
        except BaseException:
            self.client = None
            self._places.release()
            raise
        return self.client

    def release(self) -> None:
        """Lets another have it."""
        self._places.release()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Any]:
        """The client, for the time of a `async with`."""
        client = await self.get()
        try:
            yield client
        finally:
            self.release()
