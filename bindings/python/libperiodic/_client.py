"""Submitting jobs, from any thread."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from typing import Any, TypeVar

from . import _requests
from ._connection import DEFAULT, Connection, beyond, reach
from ._loop import Loop
from ._options import connection_options
from ._requests import Question
from ._server import Server
from ._streams import DataStream, Run, RunStream
from ._values import (
    FunctionStatus,
    JobRequest,
    Text,
    When,
    columns,
    payload,
    seconds_since_1970,
)
from .errors import ClosedError, PeriodicError

T = TypeVar("T")


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
