"""The values that programs give and get."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, Union

from ._memory import Columns
from .errors import PeriodicError

Text = Union[str, bytes]
"""A name. Text is UTF-8; what is no UTF-8 goes through text unharmed, as with `os.fsdecode`."""
When = Union[float, datetime, None]
"""Seconds since 1970, or a time with a zone; None is at once."""


class JobRequest(NamedTuple):
    """A job to be submitted. Names are 1 to 255 bytes; a plain tuple of the first fields will do as well."""

    function: Text
    name: Text
    workload: Text = b""
    run_at: When = None
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


@dataclass(frozen=True)
class JobInfo:
    """A job in a server: `state` is "waiting", "running" or "locked"; `due` is in seconds since 1970.

    `workload`, `count` and `run_timeout` are None where only the store has them.
    """

    function: str
    name: str
    state: str
    due: float
    workload_length: int
    workload: bytes | None
    count: int | None
    run_timeout: int | None


class RunError(PeriodicError):
    """A run that was waited for brought no result.

    `reason` is "failed" (the handler failed, or put the job back for later), "removed" or "expired".
    The server says so with these words in the place of a result, so a handler whose result is just one
    of these words is taken for that.
    """

    text = "the run brought no result"

    @property
    def reason(self) -> str:
        """What became of it."""
        return self.detail


class Later(Exception):
    """Raised, or returned, by a handler: run the job again in `seconds`, with `step` added to its count."""

    def __init__(self, seconds: float = 0, step: int = 1) -> None:
        super().__init__(seconds, step)
        self.seconds = seconds
        self.step = step


def as_bytes(name: Text) -> bytes:
    """A name or a workload as bytes."""
    return name.encode("utf-8", "surrogateescape") if isinstance(name, str) else bytes(name)


def as_text(name: bytes) -> str:
    """A name as text, from which `as_bytes` makes the same bytes again."""
    return name.decode("utf-8", "surrogateescape")


def encoded(value: Any) -> bytes:
    """A value as JSON, as short as it can be."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def result_bytes(value: object) -> bytes:
    """A handler's return value as a result: None is empty, bytes and text are themselves, else JSON."""
    if value is None:
        return b""
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return as_bytes(value)
    if isinstance(value, (bytearray, memoryview)):
        return bytes(value)
    return encoded(value)


def payload(workload: Text, value: Any) -> bytes:
    """A workload that is given as bytes or text, or as a value for JSON."""
    if value is None:
        return as_bytes(workload)
    if workload:
        raise ValueError("give workload or json, not both")
    return encoded(value)


def seconds_since_1970(when: When, delay: float | None, now: Callable[[], float]) -> int:
    """When a job is to run, in the server's unit; 0 is at once."""
    if delay is not None:
        if when is not None:
            raise ValueError("give run_at or delay, not both")
        # Rounded up: not before its time.
        return -int(-(now() + delay) // 1) if delay > 0 else 0
    if isinstance(when, datetime):
        if when.tzinfo is None:
            raise ValueError("run_at has no time zone")
        when = when.timestamp()
    return int(when or 0)


def columns(jobs: Iterable[tuple[Any, ...]]) -> Columns:
    """Jobs to be submitted, as columns of a batch: at a million jobs each step for each job counts."""
    some = jobs if isinstance(jobs, (list, tuple)) else list(jobs)
    if len(set(map(len, some))) > 1:
        some = [tuple(job) + _REST[len(job) :] for job in some]
    given = list(zip(*some)) or [(), ()]
    if len(given) < 2:
        raise ValueError("a job has at least a function and a name")
    kinds = set(given[0])
    # One function for all is the rule.
    functions = (as_bytes(kinds.pop()),) if len(kinds) == 1 else _all_bytes(given[0])
    names = _all_bytes(given[1])
    workloads = _all_bytes(given[2]) if len(given) > 2 else (b"",) * len(names)
    times = given[3] if len(given) > 3 else ()
    if set(map(type, times)) - {int}:
        times = tuple(seconds_since_1970(when, None, float) for when in times)
    timeouts = tuple(seconds & 0xFFFFFFFF for seconds in given[4]) if len(given) > 4 else ()
    return functions, names, workloads, times, timeouts


def _all_bytes(texts: tuple[Any, ...]) -> tuple[bytes, ...]:
    if set(map(type, texts)) == {bytes}:
        return texts
    return tuple(
        [
            text.encode("utf-8", "surrogateescape") if type(text) is str else bytes(text)
            for text in texts
        ]
    )


_REST: tuple[Any, ...] = (b"", b"", b"", 0, 0)
