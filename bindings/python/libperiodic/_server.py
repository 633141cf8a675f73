"""A server in this process."""

from __future__ import annotations

import asyncio
import itertools
import os
import time
import weakref
from collections.abc import Callable, Iterator
from itertools import islice
from types import TracebackType
from typing import TYPE_CHECKING, TypeVar

from ._core import ServerCore
from ._loop import Loop
from ._options import Log
from ._thread import LoopThread
from ._values import JobInfo, Text
from .errors import ClosedError, ForkError, PeriodicError

if TYPE_CHECKING:
    from ._aio import Driver

T = TypeVar("T")

_numbers = itertools.count(1)


class Server:
    """Keeps jobs until they are due and hands them to workers.

        with Server("file:jobs.db", "unix:///run/app/jobs.sock") as server:
            Client(server).submit("resize", "a.png")

    `store` is "memory:" or "file:PATH"; a file belongs to one server. `addresses` are where it takes
    connections: "tcp://HOST:PORT", "unix:///PATH", and "inproc:NAME" for this process. It always has an
    `inproc:` address of its own, `server.address`, and clients and workers of this process may be given the
    server itself.

    With `with` it has a thread, in which no Python runs: it serves while your program computes. With
    `async with` it lives on the running event loop, without a thread. With `loop=` it lives on that `Loop`,
    which you drive.

    After `fork()` the server stays with the process that started it. In a child every call raises
    `ForkError`, which names an address at which the child reaches the owner.

    `log` is called with a level (0 debug to 3 error) and a line, on the thread that drives the server.
    `auth_file` is a file of lines "ROLE NAME TOKEN FUNCTION,...", role client, worker or admin; with one,
    clients and workers need an identity. `hook` is "udp://HOST:PORT", "tcp://HOST:PORT" or "persist":
    where to tell what happens to jobs and locks. `sync` says how hard a file keeps what is acknowledged:
    "always", "batch", "batch:MS" or "off". `max_jobs`, `max_bytes` (of names and workloads),
    `max_function_jobs` and `max_function_bytes` bound what is kept, in all and of each function; what is
    over it is refused. With a file `cache_bytes` of workloads are kept in memory, and read back before
    their turn beyond it, and `reserve_bytes` are kept free for when the disk is full (-1 is none).
    `socket_mode` and `socket_owner` ("USER:GROUP") are of Unix sockets. `registration_timeout_ms` is for a
    connection to say who it is, `idle_timeout_s` of silence end a generation 1 connection. With
    `clients_administer` the role client may do what only an admin may otherwise. `hook_queue` events of a
    hook may wait; of those dropped each `hook_drop_log_every` are told to the log. 0 is the default of
    each; docs/CONFIGURATION.md has the bounds.
    """

    def __init__(
        self,
        store: str = "memory:",
        *addresses: str,
        loop: Loop | None = None,
        auth_file: str | os.PathLike[str] | None = None,
        hook: str | None = None,
        sync: str | None = None,
        max_jobs: int = 0,
        max_bytes: int = 0,
        max_function_jobs: int = 0,
        max_function_bytes: int = 0,
        cache_bytes: int = 0,
        reserve_bytes: int = 0,
        socket_mode: int = 0,
        socket_owner: str | None = None,
        registration_timeout_ms: int = 0,
        idle_timeout_s: int = 0,
        clients_administer: bool = False,
        hook_queue: int = 0,
        hook_drop_log_every: int = 0,
        log: Log | None = None,
    ) -> None:
        self._store, self._asked, self._log = store, addresses, log
        self._given: dict[str, object] = {
            "auth_file": auth_file,
            "hook": hook,
            "sync": sync,
            "max_jobs": max_jobs,
            "max_bytes": max_bytes,
            "max_function_jobs": max_function_jobs,
            "max_function_bytes": max_function_bytes,
            "cache_bytes": cache_bytes,
            "reserve_bytes": reserve_bytes,
            "socket_mode": socket_mode,
            "socket_owner": socket_owner,
            "registration_timeout_ms": registration_timeout_ms,
            "idle_timeout_s": idle_timeout_s,
            "clients_administer": clients_administer,
            "hook_queue": hook_queue,
            "hook_drop_log_every": hook_drop_log_every,
        }
        self._loop = loop
        self._running: _Running | None = None
        self.addresses: list[str] = []

    @property
    def address(self) -> str:
        """Where clients and workers of this process reach it."""
        self._alive()
        return self.addresses[0]

    @property
    def closed(self) -> bool:
        """Whether it is not running: not started, or closed."""
        return self._running is None

    def start(self) -> Server:
        """Opens the store and begins to serve; `with` does this. Starting twice does nothing."""
        if self._running is None:
            self._begin(_Running(self._loop, None))
        return self

    def listen(self, address: str) -> str:
        """Takes connections at one more address; returns it, with its port."""
        running = self._alive()
        bound = running.call(lambda: running.living().listen(address))
        self.addresses.append(bound)
        return bound

    @property
    def ready(self) -> bool:
        """Whether the store is loaded and requests are carried out."""
        running = self._alive()
        return running.call(lambda: running.living().is_ready())

    def jobs(
        self, function: Text | None = None, *, timeout: float | None = 10
    ) -> Iterator[JobInfo]:
        """Goes through the jobs of a function, or all; those that stay are shown once.

        It begins when the store is loaded. What only a store file has of a job is read within `timeout`; 0
        leaves it out.
        """
        self._wait_until_ready(timeout)
        running = self._alive()
        walk = running.living().walk(function, timeout)
        some = 256 if running.thread else 1
        try:
            while shown := running.call(lambda: list(islice(walk, some))):
                yield from shown
                self._alive()
        finally:
            if self._running is running:
                running.call(walk.close)

    def stop(self, timeout: float | None = 10) -> None:
        """Ends service: everything acknowledged becomes durable and is answered; then `close` it."""
        running = self._alive()
        running.call(lambda: running.living().stop(timeout))

    def close(self, timeout: float | None = 10) -> None:
        """Stops and frees the server; twice does no harm. In a forked child it does nothing."""
        running = self._let_go()
        if running is not None:
            running.end(timeout)

    async def aclose(self, timeout: float | None = 10) -> None:
        """The same for a server on an event loop, which goes on meanwhile."""
        running = self._let_go()
        if running is not None:
            await running.aend(timeout)

    def __enter__(self) -> Server:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()

    async def __aenter__(self) -> Server:
        from ._aio import Driver

        if self._running is None:
            driver = Driver.current()
            self._begin(_Running(driver.loop, driver))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    def _begin(self, running: _Running) -> None:
        own = f"inproc:libperiodic-{os.getpid()}-{next(_numbers)}"
        try:
            self.addresses = running.open(
                lambda loop: ServerCore(loop, self._store, self._log, self._given), [own, *self._asked]
            )
        except BaseException:
            running.end(0)
            raise
        self._running = running
        # A server that nobody closed ends with its object, or with the program.
        weakref.finalize(self, running.end, 10)

    def _wait_until_ready(self, timeout: float | None) -> None:
        limit = time.monotonic() + (60 if timeout is None else timeout)
        while not self.ready and time.monotonic() < limit:
            if self._loop is not None:
                self._loop.step()
            time.sleep(0.001)

    def _let_go(self) -> _Running | None:
        """What is to be ended, in the process that it belongs to."""
        running = self._running
        if running is None or running.process != os.getpid():
            return None
        self._running = None
        self.addresses = []
        return running

    def _alive(self) -> _Running:
        running = self._running
        if running is None:
            raise ClosedError("this server is not running")
        if running.process != os.getpid():
            where = self._outside()
            how = f"reach it at {where}" if where else "let it listen at a unix: address"
            raise ForkError(f"the server runs in process {running.process}; {how}")
        return running

    def _outside(self) -> str | None:
        """An address that other processes can use."""
        outside = (one for one in self.addresses if not one.startswith("inproc:"))
        return next(outside, None)

    def _reach(self) -> str:
        """The address for a client or worker in the process that asks."""
        running, outside = self._running, self._outside()
        if running is not None and running.process != os.getpid() and outside is not None:
            return outside
        return self.address


class _Running:
    """A server from its start to its end, on a loop of the program's, an event loop's or a thread's."""

    def __init__(self, loop: Loop | None, driver: Driver | None) -> None:
        self.process = os.getpid()
        self.core: ServerCore | None = None
        self.thread = LoopThread() if loop is None else None
        self.loop = loop or self.thread.loop  # type: ignore[union-attr]
        self.driver = driver
        if driver is not None:
            driver.acquire()

    def call(self, body: Callable[[], T]) -> T:
        """Does something where the server lives."""
        return body() if self.thread is None else self.thread.call(body)

    def open(self, make: Callable[[Loop], ServerCore], addresses: list[str]) -> list[str]:
        """Makes the server and lets it listen; returns the addresses with their ports."""

        def begin() -> list[str]:
            self.core = core = make(self.loop)
            return [core.listen(one) for one in addresses]

        return self.call(begin)

    def living(self) -> ServerCore:
        """The server."""
        if self.core is None:
            raise ClosedError("this server is not running")
        return self.core

    def end(self, timeout: float | None) -> None:
        """Stops and frees everything; again it does nothing."""
        core, self.core = self.core, None
        if self.process != os.getpid():
            return
        if core is not None:
            self.call(lambda: _close(core, timeout))
        self._let_go()

    async def aend(self, timeout: float | None) -> None:
        """The same on an event loop, which goes on meanwhile."""
        if self.driver is None:
            await asyncio.get_running_loop().run_in_executor(None, self.end, timeout)
            return
        core, self.core = self.core, None
        if core is not None:
            try:
                await self.driver.wait_for(core.start_stop(timeout))
            except PeriodicError:
                pass  # As in _close().
            core.close()
        self._let_go()

    def _let_go(self) -> None:
        if self.thread is not None:
            self.thread.end()
            self.thread = None
        if self.driver is not None:
            self.driver.release()
            self.driver = None


def _close(core: ServerCore, timeout: float | None) -> None:
    try:
        core.stop(timeout)
    except PeriodicError:
        # Cut off: what was acknowledged is durable all the same, and the log has the failure.
        pass
    core.close()
