"""A server of the C library, on a loop; what drives the loop is another's affair."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Generator

from . import _bindings
from ._handle import milliseconds
from ._library import lib
from ._loop import Loop, OnLoop
from ._memory import copy
from ._options import Log, server_options
from ._values import JobInfo, Text, as_bytes, as_text

_STATES = {1: "waiting", 2: "running", 3: "locked"}


class ServerCore(OnLoop):
    """One periodic_server."""

    _free_name = "periodic_server_free"

    def __init__(self, loop: Loop, store: str, log: Log | None, given: dict[str, object]) -> None:
        self.loop = loop
        self._options = server_options(store, log, given)
        pointer = ctypes.c_void_p()
        code = lib.periodic_server_new(
            loop.pointer, ctypes.byref(self._options), ctypes.byref(pointer)
        )
        self._own(code, pointer)

    def listen(self, address: str) -> str:
        """Takes connections; returns the address with its port."""
        bound = ctypes.create_string_buffer(4096)
        text = os.fsencode(address)
        self._check(lib.periodic_server_listen(self.pointer, text, bound, len(bound)))
        return os.fsdecode(bound.value)

    def is_ready(self) -> bool:
        """Whether the store is loaded."""
        return self._check(lib.periodic_server_is_ready(self.pointer)) == 1

    def stop(self, timeout: float | None) -> None:
        """Ends service, driving the loop."""
        self._check(lib.periodic_server_stop(self.pointer, milliseconds(timeout)))

    def start_stop(self, timeout: float | None) -> int:
        """The pointer of a request that ends service."""
        request = ctypes.c_void_p()
        wait = milliseconds(timeout)
        self._check(lib.periodic_server_start_stop(self.pointer, ctypes.byref(request), wait))
        return request.value or 0

    def walk(self, function: Text | None, timeout: float | None) -> Generator[JobInfo, None, None]:
        """The jobs of a function, or all."""
        name = None if function is None else as_bytes(function)
        cursor = ctypes.c_void_p()
        length = 0 if name is None else len(name)
        self._check(lib.periodic_server_jobs(self.pointer, name, length, ctypes.byref(cursor)))
        info = _bindings.periodic_job_info()
        info.size = ctypes.sizeof(info)
        wait = milliseconds(timeout)
        try:
            while self._check(lib.periodic_cursor_next(cursor, ctypes.byref(info), wait)) == 1:
                yield _job_info(info)
                self.pointer  # A server that was closed has taken the cursor along.
        finally:
            if self._pointer:
                lib.periodic_cursor_free(cursor)


def _job_info(info: _bindings.periodic_job_info) -> JobInfo:
    return JobInfo(
        function=as_text(copy(info.function, info.function_length)),
        name=as_text(copy(info.name, info.name_length)),
        state=_STATES[info.state],
        due=info.due_ms / 1000,
        workload_length=info.workload_length,
        workload=None if info.workload is None else copy(info.workload, info.workload_length),
        count=info.count if info.count >= 0 else None,
        run_timeout=info.timeout_s if info.timeout_s >= 0 else None,
    )
