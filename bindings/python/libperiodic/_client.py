"""Submitting jobs, from any thread."""

from __future__ import annotations

import ctypes
import os
import time
from collections.abc import Callable, Iterable, Iterator
from types import TracebackType
from typing import Any, TypeVar

from . import _requests
from ._handle import milliseconds
from ._library import failure, lib
from ._loop import Loop, OnLoop, glances
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
from .errors import ClosedError, ForkError, NotNowError, PeriodicError

T = TypeVar("T")

DEFAULT = -1.0
"""A timeout that follows from what is asked: ten seconds more than the server waits."""

def reach(server: Server | str) -> Callable[[], str]:
    """What tells the address in the process that asks; clear words where there is none."""
    if isinstance(server, Server):
        return server._reach
    process = os.getpid()

    def address() -> str:
        if server.startswith("inproc:") and os.getpid() != process:
            raise ForkError(f"{server} is an address of process {process}; use its unix: address")
        return server

    return address


def beyond(seconds: int, timeout: float | None) -> float | None:
    """The timeout of a request that the server ends after `seconds`, which is 60 if it is 0."""
    return (seconds or 60) + 10 if timeout == DEFAULT else timeout


class Connection(OnLoop):
    """One periodic_client."""

    _free_name = "periodic_client_free"

    def __init__(self, loop: Loop, address: str, options: object) -> None:
        self.loop = loop
        self.used = 0.0
        pointer = ctypes.c_void_p()
        code = lib.periodic_client_new(
            loop.pointer, address.encode(), ctypes.byref(options), ctypes.byref(pointer)  # type: ignore[arg-type]
        )
        self._own(code, pointer)

    def start(self, question: Question[Any], timeout: float | None) -> int:
        """Starts a request; the pointer."""
        request = ctypes.c_void_p()
        start = question.start
        self._check(start(self.pointer, ctypes.byref(request), milliseconds(timeout)))
        return request.value or 0

    def take(self, request: int, timeout: float | None = None) -> tuple[int, bytes]:
        """Waits for the next part of a request or its end; NOT_NOW when the time is over."""
        for wait in glances(self.loop, timeout):
            code, data = _requests.next_part(request, wait)
            if code != NOT_NOW:
                break
        return code, data

    def ask(self, question: Question[T], timeout: float | None) -> T:
        """Starts a request and waits for its end."""
        request = self.start(question, timeout)
        try:
            code, data = self.take(request)
            return question.finish(request, code, data, self._detail() if code < 0 else "")
        finally:
            if not self.closed:
                lib.periodic_request_free(request)


class Client:
    """Submits jobs to a server: a `Server` of this process, or the address of one.

    Any thread may use it: it has a connection for each call at a time, kept for the next. In a child
    made by `fork()` it makes its own; an `inproc:` address raises `ForkError` there. With `loop=` it has
    one connection, on that `Loop`.

    Timeouts are seconds, None is for ever. Requests raise `TimedOutError` or `DisconnectedError` when it
    is not known whether they were carried out; a submit can be repeated safely, because the same function
    and name are the same job.

    `identity` and `token` say who this is, to a server that asks; give both or neither. A server that
    does not let this identity do what it asks for makes requests raise `NoWorkerError`. `data_bytes` is
    how many bytes of data streams may wait to be taken (64 MiB).
    """

    def __init__(
        self,
        server: Server | str,
        *,
        loop: Loop | None = None,
        identity: Text | None = None,
        token: Text | None = None,
        data_bytes: int = 0,
    ) -> None:
        self._address = reach(server)
        self._options = connection_options(identity, token, data_bytes)
        self._loop = loop
        self._process = os.getpid()
        self._is_closed = False
        # Appending to a list and popping from it need no lock.
        self._idle: list[Connection] = [self._connect()]

    def submit(
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
        or at once; `run_timeout` are the seconds that a run may take.
        """
        when = seconds_since_1970(run_at, delay, self._now)
        job = (function, name, payload(workload, json), when, run_timeout)
        self._do(_requests.submit(columns([job])), timeout)

    def submit_many(
        self, jobs: Iterable[JobRequest | tuple[Any, ...]], *, timeout: float | None = 30
    ) -> list[PeriodicError | None]:
        """Submits jobs together, which is many times faster; the result of each, None if stored."""
        some = columns(jobs)
        return self._do(_requests.submit_many(some), timeout) if some[1] else []

    def run(
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
        return self._do(_requests.run(job), beyond(run_timeout, timeout))

    def start_run(
        self,
        function: Text,
        name: Text,
        workload: Text = b"",
        *,
        json: Any = None,
        run_timeout: int = 0,
        timeout: float | None = DEFAULT,
    ) -> Run:
        """Starts what `run` does, and does not wait."""
        job = columns([(function, name, payload(workload, json), 0, run_timeout)])
        return Run(self, _requests.run(job), beyond(run_timeout, timeout))

    def receive_data(
        self, function: Text, name: Text, *, seconds: int = 0, timeout: float | None = DEFAULT
    ) -> DataStream:
        """Listens to what a handler says about a job while it runs (`Job.data`), from now on.

        Iterate over what is returned: it ends when the job does, or after `seconds`, 60 if 0, and
        raises `NoWorkerError` if no worker has the function. The job need not exist yet. A piece that is
        b"EOF" ends it too. `timeout` is ten seconds more than `seconds` if it is not given.
        """
        question = _requests.receive_data(function, name, seconds)
        return DataStream(self, question, beyond(seconds, timeout))

    def run_stream(
        self,
        function: Text,
        name: Text,
        workload: Text = b"",
        *,
        json: Any = None,
        run_timeout: int = 0,
        timeout: float | None = DEFAULT,
    ) -> RunStream:
        """Runs a job and listens to it: iterate over the pieces; then `result` is what `run` returns."""
        job = columns([(function, name, payload(workload, json), 0, run_timeout)])
        wait = beyond(run_timeout, timeout)
        listen = _requests.receive_data(function, name, run_timeout)
        return RunStream(self, listen, _requests.run(job), wait)

    def remove(self, function: Text, name: Text, timeout: float | None = 10) -> None:
        """Removes a job in whatever state it is; no error if there is none."""
        self._do(_requests.remove(function, name), timeout)

    def drop(self, function: Text, timeout: float | None = 10) -> None:
        """Drops a function with all its jobs, if no worker has it."""
        self._do(_requests.drop(function), timeout)

    def status(self, timeout: float | None = 10) -> list[FunctionStatus]:
        """Every function that the server knows, in the order of their names' bytes."""
        return self._do(_requests.status(), timeout)

    def ping(self, timeout: float | None = 10) -> None:
        """Asks for a sign of life."""
        self._do(_requests.ping(), timeout)

    def get_setting(self, key: Text, timeout: float | None = 10) -> int:
        """The number of a server's setting, such as "timeout"; 0 for a key that it does not know."""
        return self._do(_requests.get_setting(key), timeout)

    def set_setting(self, key: Text, value: int, timeout: float | None = 10) -> None:
        """Sets a setting, at once and for good; a key that the server does not know is ignored."""
        self._do(_requests.set_setting(key, value), timeout)

    def dump(self, timeout: float | None = 60) -> bytes:
        """Every job, in whatever state, as the list that `load` takes."""
        return self._do(_requests.dump(), timeout)

    def load(self, jobs: bytes, timeout: float | None = 60) -> None:
        """Submits every job of a list that `dump` made. Raises `DisconnectedError` for what is none."""
        self._do(_requests.load(jobs), timeout)

    def shutdown(self, timeout: float | None = 30) -> None:
        """Stops the server, and waits until it has closed the connection. `NoWorkerError`: not allowed."""
        self._do(_requests.shutdown(), timeout)

    @property
    def closed(self) -> bool:
        """Whether it has been closed."""
        return self._is_closed

    def close(self) -> None:
        """Closes the connections; twice does no harm. A stream keeps its own until it is closed."""
        self._is_closed = True
        while self._idle:
            self._end(self._idle.pop())

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        try:
            self.close()
        except (AttributeError, PeriodicError):
            return  # It was never made; or another thread drives the loop.

    def _now(self) -> float:
        return self._loop.time() if self._loop else time.time()

    def _connect(self) -> Connection:
        return Connection(self._loop or Loop(), self._address(), self._options)

    def _take(self) -> Connection:
        """A connection that no other thread uses."""
        if self._is_closed:
            raise ClosedError("this Client is closed")
        if self._process != os.getpid():
            # Those that were inherited are the parent's.
            self._idle, self._process = [], os.getpid()
        if self._loop is not None:
            # Streams share the one that there is with everybody else.
            if not self._idle:
                self._idle.append(self._connect())
            return self._idle[0]
        try:
            connection = self._idle.pop()
        except IndexError:
            return self._connect()
        connection.loop.adopt()
        if time.monotonic() - connection.used > 1:
            # It may have been lost meanwhile.
            connection.loop.step()
        return connection

    def _give_back(self, connection: Connection) -> None:
        if self._loop is not None:
            return
        if self._is_closed or self._process != os.getpid():
            self._end(connection)
        else:
            connection.used = time.monotonic()
            self._idle.append(connection)

    def _end(self, connection: Connection) -> None:
        if self._process != os.getpid():
            return
        if self._loop is None:
            connection.loop.adopt()
        connection.close()
        if self._loop is None:
            connection.loop.close()

    def _do(self, question: Question[T], timeout: float | None) -> T:
        connection = self._take()
        try:
            return connection.ask(question, timeout)
        finally:
            self._give_back(connection)


class _Started:
    """A request under way, with the connection that it holds until it is closed."""

    def __init__(self, client: Client, question: Question[Any], timeout: float | None) -> None:
        self._client = client
        self._question = question
        self._connection: Connection | None = client._take()
        try:
            self._request = self._connection.start(question, timeout)
        except BaseException:
            self.close()
            raise

    _request = 0

    @property
    def closed(self) -> bool:
        """Whether it, or the client's connection, was closed."""
        return self._connection is None or self._connection.closed

    def close(self) -> None:
        """Withdraws the request if it has not ended; what it asked for may still be done."""
        connection, self._connection = self._connection, None
        if connection is not None:
            if not connection.closed and self._request:
                lib.periodic_request_free(self._request)
            self._client._give_back(connection)

    def _next(self, timeout: float | None) -> tuple[int, bytes]:
        if self._connection is None or self._connection.closed:
            raise ClosedError(f"this {type(self).__name__} is closed")
        code, data = self._connection.take(self._request, timeout)
        if code < 0 and code != NOT_NOW:
            raise failure(code, self._connection._detail())
        return code, data

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __del__(self) -> None:
        try:
            self.close()
        except (AttributeError, PeriodicError):
            return


class Run(_Started):
    """A job that was started with `Client.start_run`."""

    def result(self, timeout: float | None = None) -> bytes:
        """Waits for the result, as `Client.run` does. `NotNowError`: not within `timeout` seconds."""
        code, data = self._next(timeout)
        if code == NOT_NOW:
            raise NotNowError("the run has not ended")
        result: bytes = self._question.read(self._request, data)
        return result

    def __enter__(self) -> Run:
        return self


class DataStream(_Started):
    """The data of a job: an iterator that waits for each piece, and ends when the job does."""

    ended = False
    """Whether the end has been heard."""

    def next(self, timeout: float | None = None) -> bytes | None:
        """The next piece; None when the time is over, and once the stream has `ended`."""
        if self.ended:
            return None
        code, data = self._next(timeout)
        self.ended = code == 0
        return data if code == MORE else None

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        while not self.ended:
            data = self.next()
            if data is not None:
                return data
        raise StopIteration

    def __enter__(self) -> DataStream:
        return self


class RunStream(DataStream):
    """A job that runs: an iterator over the pieces that it says, after which `result` is there."""

    result: bytes = b""
    """What the handler returned, once the pieces are over."""

    def __init__(
        self,
        client: Client,
        listen: Question[None],
        run: Question[bytes],
        timeout: float | None,
    ) -> None:
        super().__init__(client, listen, timeout)
        self._run = run
        try:
            assert self._connection is not None
            self._running = self._connection.start(run, timeout)
        except BaseException:
            self.close()
            raise

    _running = 0

    def next(self, timeout: float | None = None) -> bytes | None:
        """The next piece; None when the time is over, and once the run has `ended`."""
        piece = super().next(timeout)
        if self.ended and piece is None and self._running and self._connection is not None:
            running, self._running = self._running, 0
            code, data = self._connection.take(running)
            lib.periodic_request_free(running)
            if code < 0:
                raise failure(code, self._connection._detail())
            self.result = self._run.read(running, data)
        return piece

    def close(self) -> None:
        """Withdraws what has not ended; the job may still be done."""
        if self._running and self._connection is not None and not self._connection.closed:
            lib.periodic_request_free(self._running)
        self._running = 0
        super().close()

    def __enter__(self) -> RunStream:
        return self

