"""A server in this process."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from . import _bindings
from ._ffi import lib
from ._loop import Loop, OnLoop
from ._managed import milliseconds


@dataclass(frozen=True)
class JobInfo:
    """A job in a server: `state` is "waiting", "running" or "locked"; `due` is in seconds since 1970.

    `workload`, `count` and `run_timeout` are None where only the store has them.
    """

    function: bytes
    name: bytes
    state: str
    due: float
    workload_length: int
    workload: bytes | None
    count: int | None
    run_timeout: int | None


_STATES = {1: "waiting", 2: "running", 3: "locked"}


class Server(OnLoop):
    """Keeps jobs until they are due and hands them to workers.

    `store` is "memory:" or "file:PATH"; a file belongs to one server. `log` is called with a level
    (0 debug to 3 error) and a line. `auth_file` is a file of lines "ROLE NAME TOKEN FUNCTION,...",
    role client, worker or admin; with one, clients and workers need an identity. `hook` is
    "udp://HOST:PORT", "tcp://HOST:PORT" or "persist": where to tell what happens to jobs and locks.
    `sync` says how hard a file keeps what is acknowledged: "always", "batch", "batch:MS" or "off".
    `max_jobs`, `max_bytes` (of names and workloads), `max_function_jobs` and `max_function_bytes` bound
    what is kept, in all and of each function; what is over it is refused. With a file `cache_bytes` of
    workloads are kept in memory, and read back before their turn beyond it, and `reserve_bytes` are kept
    free for when the disk is full (-1 is none). `socket_mode` and `socket_owner` ("USER:GROUP") are of Unix
    sockets. `registration_timeout_ms` is for a connection to say who it is, `idle_timeout_s` of silence end
    a generation 1 connection. With `clients_administer` the role client may do what only an admin may
    otherwise. `hook_queue` events of a hook may wait; of those dropped each `hook_drop_log_every` are told
    to the log. 0 is the default of each; docs/CONFIGURATION.md has the bounds.
    """

    _free_name = "periodic_server_free"

    def __init__(
        self,
        loop: Loop,
        store: str = "memory:",
        *,
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
        log: Callable[[int, str], None] | None = None,
    ) -> None:
        self.loop = loop
        options = _bindings.periodic_server_options()
        options.size = ctypes.sizeof(options)
        options.store = store.encode()
        options.auth_file = os.fsencode(auth_file) if auth_file is not None else None
        options.hook = hook.encode() if hook is not None else None
        options.sync = sync.encode() if sync is not None else None
        options.max_jobs, options.max_bytes = max_jobs, max_bytes
        options.max_function_jobs = max_function_jobs
        options.max_function_bytes = max_function_bytes
        options.cache_bytes, options.reserve_bytes = cache_bytes, reserve_bytes
        options.socket_mode = socket_mode
        options.socket_owner = socket_owner.encode() if socket_owner is not None else None
        options.registration_timeout_ms = registration_timeout_ms
        options.idle_timeout_s = idle_timeout_s
        options.clients_administer = clients_administer
        options.hook_queue, options.hook_drop_log_every = hook_queue, hook_drop_log_every
        if log is not None:
            call = log

            def write(_: object, level: int, line: bytes, length: int) -> None:
                call(level, ctypes.string_at(line, length).decode(errors="replace"))

            # The C side keeps the pointer for as long as this object lives.
            self._log = _bindings.periodic_log_cb(write)
            options.log = self._log
        pointer = ctypes.c_void_p()
        self._check(
            lib.periodic_server_new(loop.ptr(), ctypes.byref(options), ctypes.byref(pointer))
        )
        self._pointer = pointer

    def listen(self, address: str) -> str:
        """Takes connections at tcp://HOST:PORT, unix:///PATH or, of this process, inproc:NAME.

        Returns the address with its port.
        """
        bound = ctypes.create_string_buffer(512)
        self._check(lib.periodic_server_listen(self.ptr(), address.encode(), bound, len(bound)))
        return bound.value.decode()

    @property
    def ready(self) -> bool:
        """Whether the store is loaded and requests are carried out."""
        return self._check(lib.periodic_server_is_ready(self.ptr())) == 1

    def jobs(
        self, function: str | bytes | None = None, *, timeout: float | None = 10
    ) -> Iterator[JobInfo]:
        """Goes through the jobs of a function, or all; those that stay are shown once.

        What only a store file has of a job is read within `timeout`; 0 leaves it out.
        """
        name = function.encode() if isinstance(function, str) else function
        cursor = ctypes.c_void_p()
        length = 0 if name is None else len(name)
        self._check(lib.periodic_server_jobs(self.ptr(), name, length, ctypes.byref(cursor)))
        info = _bindings.periodic_job_info()
        info.size = ctypes.sizeof(info)
        wait = milliseconds(timeout)
        try:
            while self._check(lib.periodic_cursor_next(cursor, ctypes.byref(info), wait)) == 1:
                yield _job_info(info)
                self.ptr()  # A server that was closed has taken the cursor along.
        finally:
            if self._pointer is not None:
                lib.periodic_cursor_free(cursor)

    def stop(self, timeout: float | None = 10) -> None:
        """Ends service, driving the loop until everything acknowledged is durable and answered."""
        self._check(lib.periodic_server_stop(self.ptr(), milliseconds(timeout)))


def _job_info(info: _bindings.periodic_job_info) -> JobInfo:
    workload = None
    if info.workload is not None:
        workload = ctypes.string_at(info.workload, info.workload_length)
    return JobInfo(
        function=ctypes.string_at(info.function, info.function_length),
        name=ctypes.string_at(info.name, info.name_length),
        state=_STATES[info.state],
        due=info.due_ms / 1000,
        workload_length=info.workload_length,
        workload=workload,
        count=info.count if info.count >= 0 else None,
        run_timeout=info.timeout_s if info.timeout_s >= 0 else None,
    )
