"""Submitting jobs."""

from __future__ import annotations

import ctypes
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from . import _bindings
from ._ffi import lib
from ._loop import Loop, OnLoop
from ._managed import address_of, as_bytes, connection_options, milliseconds
from ._request import DataStream, Run
from .errors import BY_CODE, PeriodicError


DEFAULT = -1.0
"""A timeout that follows from what is asked."""


@dataclass(frozen=True)
class JobRequest:
    """A job to be submitted. Names are 1 to 255 bytes; text is UTF-8."""

    function: str | bytes
    name: str | bytes
    workload: bytes = b""
    run_at: float | datetime | None = None
    """When to run: seconds since 1970, or a time with a zone; at once if not given."""
    timeout: int = 0
    """Seconds that a run may take; 0 leaves it to the server."""


@dataclass(frozen=True)
class FunctionStatus:
    """One line of a server's status."""

    function: str
    workers: int
    jobs: int
    running: int
    locked: int
    scheduled_at: int
    """When the first waiting job is due, seconds since 1970."""


class Client(OnLoop):
    """Submits jobs to the server at `address`. Timeouts are seconds, None is for ever.

    Requests raise TimedOut or Disconnected when it is not known whether they were carried out; a
    submit can be repeated safely, because the same function and name are the same job.

    `identity` and `token` say who this is, to a server that asks; give both or neither. A server that
    does not let this identity do what it asks for makes requests raise NoWorker. `data_bytes` is how
    many bytes of data streams may wait to be taken (64 MiB).
    """

    _free_name = "periodic_client_free"

    def __init__(
        self,
        loop: Loop,
        address: str,
        *,
        identity: str | bytes | None = None,
        token: str | bytes | None = None,
        data_bytes: int = 0,
    ) -> None:
        self.loop = loop
        options = connection_options(identity, token, data_bytes)
        pointer = ctypes.c_void_p()
        self._check(
            lib.periodic_client_new(
                loop.ptr(), address.encode(), ctypes.byref(options), ctypes.byref(pointer)
            )
        )
        self._pointer = pointer

    def submit(
        self,
        function: str | bytes,
        name: str | bytes,
        workload: bytes = b"",
        *,
        run_at: float | datetime | None = None,
        run_timeout: int = 0,
        timeout: float | None = 10,
    ) -> None:
        """Submits a job, or replaces the waiting one of the same name; returns once it is stored."""
        fields = _fields(JobRequest(function, name, workload, run_at, run_timeout))
        self._check(
            lib.periodic_client_submit(self.ptr(), ctypes.byref(fields), milliseconds(timeout))
        )

    def submit_many(
        self, jobs: Iterable[JobRequest], *, timeout: float | None = 30
    ) -> list[PeriodicError | None]:
        """Submits jobs together, which is many times faster; the result of each, None if stored."""
        fields = [_fields(job) for job in jobs]
        array = (_bindings.periodic_job_fields * len(fields))(*fields)
        results = (ctypes.c_int * len(fields))()
        code = lib.periodic_client_submit_many(
            self.ptr(), array, len(fields), results, milliseconds(timeout)
        )
        if code < 0 and not any(results):
            raise self._error(code)
        return [BY_CODE.get(result, PeriodicError)() if result else None for result in results]

    def run(
        self,
        function: str | bytes,
        name: str | bytes,
        workload: bytes = b"",
        *,
        run_timeout: int = 0,
        timeout: float | None = DEFAULT,
    ) -> bytes:
        """Submits a job and waits for its result, what the worker gave to `Job.done`.

        Raises NoWorker at once if no worker has the function. The server gives up after `run_timeout`
        seconds, 60 if 0. It says b"failed", b"removed" or b"expired" in the place of a result when the
        run failed or was put back for later, the job was removed, or that time is over; the same bytes
        from a worker cannot be told from that. `timeout` is ten seconds more if it is not given.
        """
        fields = _fields(JobRequest(function, name, workload, None, run_timeout))
        data, length = ctypes.c_void_p(), ctypes.c_size_t()
        self._check(
            lib.periodic_client_run(
                self.ptr(),
                ctypes.byref(fields),
                ctypes.byref(data),
                ctypes.byref(length),
                milliseconds(_beyond(run_timeout, timeout)),
            )
        )
        return ctypes.string_at(data, length.value)

    def start_run(
        self,
        function: str | bytes,
        name: str | bytes,
        workload: bytes = b"",
        *,
        run_timeout: int = 0,
        timeout: float | None = DEFAULT,
    ) -> Run:
        """Starts what `run` does, and does not wait; for a thread that has other things on its loop."""
        fields = _fields(JobRequest(function, name, workload, None, run_timeout))
        pointer = ctypes.c_void_p()
        self._check(
            lib.periodic_client_start_run(
                self.ptr(),
                ctypes.byref(fields),
                ctypes.byref(pointer),
                milliseconds(_beyond(run_timeout, timeout)),
            )
        )
        return Run(self, pointer)

    def receive_data(
        self,
        function: str | bytes,
        name: str | bytes,
        *,
        seconds: int = 0,
        timeout: float | None = DEFAULT,
    ) -> DataStream:
        """Listens to what a worker says about a job while it runs (`Job.data`), from now on.

        Iterate over what is returned: it ends when the job does, or after `seconds`, 60 if 0, and
        raises NoWorker if no worker has the function. The job need not exist yet. A piece that is
        b"EOF" ends it too. `timeout` is ten seconds more than `seconds` if it is not given.
        """
        function, name = as_bytes(function), as_bytes(name)
        pointer = ctypes.c_void_p()
        self._check(
            lib.periodic_client_start_receive_data(
                self.ptr(),
                function,
                len(function),
                name,
                len(name),
                seconds,
                ctypes.byref(pointer),
                milliseconds(_beyond(seconds, timeout)),
            )
        )
        return DataStream(self, pointer)

    def get_setting(self, key: str | bytes, timeout: float | None = 10) -> int:
        """The number of a server's setting, such as "timeout"; 0 for a key that it does not know."""
        key = as_bytes(key)
        value = ctypes.c_uint32()
        self._check(
            lib.periodic_client_get_setting(
                self.ptr(), key, len(key), ctypes.byref(value), milliseconds(timeout)
            )
        )
        return value.value

    def set_setting(self, key: str | bytes, value: int, timeout: float | None = 10) -> None:
        """Sets a setting, at once and for good; a key that the server does not know is ignored."""
        if not 0 <= value <= 0xFFFFFFFF:
            raise ValueError(f"a setting is 0 to {0xFFFFFFFF}, not {value}")
        key = as_bytes(key)
        self._check(
            lib.periodic_client_set_setting(
                self.ptr(), key, len(key), value, milliseconds(timeout)
            )
        )

    def dump(self, timeout: float | None = 60) -> bytes:
        """Every job, in whatever state, as the list that `load` takes."""
        data, length = ctypes.c_void_p(), ctypes.c_size_t()
        self._check(
            lib.periodic_client_dump(
                self.ptr(), ctypes.byref(data), ctypes.byref(length), milliseconds(timeout)
            )
        )
        return ctypes.string_at(data, length.value)

    def load(self, jobs: bytes, timeout: float | None = 60) -> None:
        """Submits every job of a list that `dump` made. Raises Disconnected for bytes that are none."""
        self._check(
            lib.periodic_client_load(self.ptr(), jobs, len(jobs), milliseconds(timeout))
        )

    def shutdown(self, timeout: float | None = 30) -> None:
        """Stops the server, and waits until it has closed the connection. NoWorker: not allowed."""
        self._check(lib.periodic_client_shutdown(self.ptr(), milliseconds(timeout)))

    def ping(self, timeout: float | None = 10) -> None:
        """Asks for a sign of life."""
        self._check(lib.periodic_client_ping(self.ptr(), milliseconds(timeout)))

    def remove(
        self, function: str | bytes, name: str | bytes, timeout: float | None = 10
    ) -> None:
        """Removes a job in whatever state it is; no error if there is none."""
        function, name = as_bytes(function), as_bytes(name)
        self._check(
            lib.periodic_client_remove(
                self.ptr(), function, len(function), name, len(name), milliseconds(timeout)
            )
        )

    def drop(self, function: str | bytes, timeout: float | None = 10) -> None:
        """Drops a function with all its jobs, if no worker has it."""
        function = as_bytes(function)
        self._check(
            lib.periodic_client_drop(self.ptr(), function, len(function), milliseconds(timeout))
        )

    def status(self, timeout: float | None = 10) -> list[FunctionStatus]:
        """Every function that the server knows, in the order of their names' bytes."""
        size = 1 << 16
        while True:
            buffer = ctypes.create_string_buffer(size)
            length = ctypes.c_size_t()
            self._check(
                lib.periodic_client_status(
                    self.ptr(), buffer, size, ctypes.byref(length), milliseconds(timeout)
                )
            )
            if length.value < size:
                break
            size = length.value + 1
        lines = buffer.raw[: length.value].decode(errors="replace").split("\n")
        rows = (line.rsplit(",", 5) for line in lines if line)
        return [FunctionStatus(row[0], *map(int, row[1:])) for row in rows]


def _fields(job: JobRequest) -> _bindings.periodic_job_fields:
    fields = _bindings.periodic_job_fields()
    fields.size = ctypes.sizeof(fields)
    function, name, workload = as_bytes(job.function), as_bytes(job.name), bytes(job.workload)
    # The struct holds addresses only; what they point to stays with it.
    fields._keep = (function, name, workload)
    fields.function, fields.function_length = address_of(function), len(function)
    fields.name, fields.name_length = address_of(name), len(name)
    fields.workload, fields.workload_length = address_of(workload), len(workload)
    run_at = job.run_at
    if isinstance(run_at, datetime):
        run_at = run_at.timestamp()
    fields.run_at_s = int(run_at or 0)
    fields.timeout_s = job.timeout
    return fields


def _beyond(seconds: int, timeout: float | None) -> float | None:
    """The timeout of a request that the server ends after `seconds`, which is 60 if it is 0."""
    return (seconds or 60) + 10 if timeout == DEFAULT else timeout
