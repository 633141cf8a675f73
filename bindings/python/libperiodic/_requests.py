"""Requests that are started: how each begins, and what its end brings."""

from __future__ import annotations

import ctypes
import itertools
from collections.abc import Callable
from typing import Generic, TypeVar

from . import _bindings
from ._library import failure, lib
from ._memory import Columns, copy, job_fields
from ._values import FunctionStatus, RunError, Text, as_bytes
from .errors import CanceledError, PeriodicError

T = TypeVar("T")
Told = Callable[[int], None]

MORE = 1
NOT_NOW = -6
_NO_RESULT = frozenset((b"failed", b"removed", b"expired"))


class Question(Generic[T]):
    """Something that a client asks: how to start it, and how to read the end.

    `start(client, request, timeout)` is given two pointers and milliseconds; `read(pointer, data)` the
    request's pointer and the bytes that its end brought.
    """

    __slots__ = ("is_partial", "read", "start")

    def __init__(
        self,
        start: Callable[[int, object, int], int],
        read: Callable[[int, bytes], T],
        is_partial: bool = False,
    ) -> None:
        self.start = start
        self.read = read
        self.is_partial = is_partial

    def finish(self, request: int, code: int, data: bytes, detail: str) -> T:
        """What the end brings, or raises. One that `is_partial` brings something unless it was withdrawn."""
        if code < 0 and not (self.is_partial and code != CanceledError.code):
            raise failure(code, detail)
        return self.read(request, data)


def _nothing(_: int, __: bytes) -> None:
    return None


def _ends(pointer: int, _: bytes) -> list[PeriodicError | None]:
    codes = results(pointer)
    if not any(codes):
        return [None] * len(codes)
    return [failure(code) if code else None for code in codes]


def _result(_: int, data: bytes) -> bytes:
    if data in _NO_RESULT:
        raise RunError(data.decode())
    return data


def submit(job: Columns) -> Question[None]:
    """A submit of one job."""
    batch = job_fields(job)
    return Question(lambda c, r, t: lib.periodic_client_start_submit(c, batch.address, r, t), _nothing)


def submit_many(some: Columns) -> Question[list[PeriodicError | None]]:
    """A submit of several."""
    batch = job_fields(some)
    return Question(
        lambda c, r, t: lib.periodic_client_start_submit_many(c, batch.address, batch.count, r, t),
        _ends,
        is_partial=True,
    )


def run(job: Columns) -> Question[bytes]:
    """A job that is waited for."""
    batch = job_fields(job)
    return Question(lambda c, r, t: lib.periodic_client_start_run(c, batch.address, r, t), _result)


def receive_data(function: Text, name: Text, seconds: int) -> Question[None]:
    """What a worker says of a job: its parts are the pieces."""
    one, other = as_bytes(function), as_bytes(name)
    return Question(
        lambda c, r, t: lib.periodic_client_start_receive_data(
            c, one, len(one), other, len(other), seconds, r, t
        ),
        _nothing,
    )


def ping() -> Question[None]:
    """A sign of life."""
    return Question(lambda c, r, t: lib.periodic_client_start_ping(c, r, t), _nothing)


def remove(function: Text, name: Text) -> Question[None]:
    """The removal of a job."""
    one, other = as_bytes(function), as_bytes(name)
    return Question(
        lambda c, r, t: lib.periodic_client_start_remove(c, one, len(one), other, len(other), r, t),
        _nothing,
    )


def drop(function: Text) -> Question[None]:
    """The drop of a function."""
    name = as_bytes(function)
    return Question(lambda c, r, t: lib.periodic_client_start_drop(c, name, len(name), r, t), _nothing)


def status() -> Question[list[FunctionStatus]]:
    """What the server knows of each function."""
    return Question(
        lambda c, r, t: lib.periodic_client_start_status(c, r, t), lambda _, data: status_lines(data)
    )


def status_lines(data: bytes) -> list[FunctionStatus]:
    """The status as text, read."""
    lines = data.decode("utf-8", "surrogateescape").split("\n")
    parted = (line.rsplit(",", 5) for line in lines if line)
    return [FunctionStatus(row[0], *map(int, row[1:])) for row in parted]


def get_setting(key: Text) -> Question[int]:
    """A setting's number."""
    name = as_bytes(key)
    return Question(
        lambda c, r, t: lib.periodic_client_start_get_setting(c, name, len(name), r, t),
        lambda pointer, _: setting(pointer),
    )


def set_setting(key: Text, value: int) -> Question[None]:
    """A change of a setting."""
    if not 0 <= value <= 0xFFFFFFFF:
        raise ValueError(f"a setting is 0 to {0xFFFFFFFF}, not {value}")
    name = as_bytes(key)
    return Question(
        lambda c, r, t: lib.periodic_client_start_set_setting(c, name, len(name), value, r, t), _nothing
    )


def dump() -> Question[bytes]:
    """The list of all jobs."""
    return Question(lambda c, r, t: lib.periodic_client_start_dump(c, r, t), lambda _, data: data)


def load(jobs: bytes) -> Question[None]:
    """The jobs of a list."""
    return Question(lambda c, r, t: lib.periodic_client_start_load(c, jobs, len(jobs), r, t), _nothing)


def shutdown() -> Question[None]:
    """The server's end."""
    return Question(lambda c, r, t: lib.periodic_client_start_shutdown(c, r, t), _nothing)


def next_part(pointer: int, timeout: int) -> tuple[int, bytes]:
    """What has come of a request: the code of periodic_request_next(), and the bytes."""
    data, length = ctypes.c_void_p(), ctypes.c_size_t()
    code: int = lib.periodic_request_next(pointer, ctypes.byref(data), ctypes.byref(length), timeout)
    return code, copy(data.value, length.value)


def results(pointer: int) -> list[int]:
    """The code of each job of a submit of many."""
    codes, count = ctypes.POINTER(ctypes.c_int)(), ctypes.c_size_t()
    code = lib.periodic_request_results(pointer, ctypes.byref(codes), ctypes.byref(count))
    if code < 0:
        raise failure(code)
    return codes[: count.value]


def setting(pointer: int) -> int:
    """The number that a setting has."""
    value = ctypes.c_uint32()
    code = lib.periodic_request_setting(pointer, ctypes.byref(value))
    if code < 0:
        raise failure(code)
    return value.value


_listeners: dict[int, Told] = {}
_numbers = itertools.count(1)
_no_destroy = _bindings.periodic_destroy_cb()


def _tell(number: int | None, _: int | None, code: int) -> None:
    # The end is told once and last. Whoever listens is on this thread, inside a call of the library.
    told = _listeners.get(number or 0) if code == MORE else _listeners.pop(number or 0, None)
    if told is not None:
        told(code)


# One callback for all requests, as old as the module: what the library holds is never freed.
_callback = _bindings.periodic_request_cb(_tell)


def listen(pointer: int, told: Told) -> None:
    """Has `told` hear of each part of a request (MORE), and once of its end."""
    number = next(_numbers)
    _listeners[number] = told
    code = lib.periodic_request_set_callback(pointer, _callback, number, _no_destroy)
    if code < 0:
        del _listeners[number]
        raise failure(code)
