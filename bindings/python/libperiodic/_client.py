"""Submitting jobs."""

from __future__ import annotations

import ctypes
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from . import _bindings
from ._ffi import lib
from ._loop import Loop, OnLoop
from ._managed import as_bytes, milliseconds
from .errors import BY_CODE, PeriodicError


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
    """

    _free_name = "periodic_client_free"

    def __init__(self, loop: Loop, address: str) -> None:
        self.loop = loop
        pointer = ctypes.c_void_p()
        self._check(lib.periodic_client_new(loop.ptr(), address.encode(), ctypes.byref(pointer)))
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
    fields.function, fields.function_length = _address(function), len(function)
    fields.name, fields.name_length = _address(name), len(name)
    fields.workload, fields.workload_length = _address(workload), len(workload)
    run_at = job.run_at
    if isinstance(run_at, datetime):
        run_at = run_at.timestamp()
    fields.run_at_s = int(run_at or 0)
    fields.timeout_s = job.timeout
    return fields


def _address(data: bytes) -> int | None:
    return ctypes.cast(ctypes.c_char_p(data), ctypes.c_void_p).value
