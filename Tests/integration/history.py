"""What clients asked of a durable daemon, what it acknowledged, and what must therefore be found
after a crash.

Each job has one owner, which asks for one change after the other on one connection, so that its
states have an order. Of these the acknowledged ones count for certain, the others may have happened
or not: what is found has to be the state after the last acknowledged change, or after one of those
that were asked for later. A refusal promises nothing: of a commit that failed the bytes may still be in
the file. A job that nobody asked for may never be found.
"""

from __future__ import annotations

import dataclasses
import sqlite3
import time

Key = tuple[bytes, bytes]


# What the server's clock may show less, or more, than ours when it takes a request, in milliseconds:
# its turn may have begun before.
CLOCK = 1000


@dataclasses.dataclass(frozen=True)
class State:
    """A job as it stands in the file; a job that is not there is None."""

    workload: bytes
    # When it is due, in milliseconds since 1970.
    due: int
    # How often it was put back for later, and what was submitted with it.
    count: int = 0
    timeout: int = 0


@dataclasses.dataclass
class Change:
    state: State | None
    asked: int
    acknowledged: int | None = None
    is_refused: bool = False
    # The due time counts from when the server took the request: the state has the earliest.
    is_from_now: bool = False

    def allows(self, found: State | None) -> bool:
        if self.state is None or found is None:
            return found is self.state
        if dataclasses.replace(found, due=self.state.due) != self.state:
            return False
        if not self.is_from_now:
            return found.due == self.state.due
        end = self.acknowledged or time.monotonic_ns()
        latest = self.state.due + (end - self.asked) // 1_000_000
        return self.state.due - CLOCK <= found.due <= latest + CLOCK


NEVER = Change(None, 0)


class History:
    """The changes of the jobs of one owner. Moments are nanoseconds of the monotonic clock."""

    def __init__(self) -> None:
        self.jobs: dict[Key, list[Change]] = {}

    def ask(self, key: Key, state: State | None, is_from_now: bool = False) -> Change:
        change = Change(state, time.monotonic_ns(), is_from_now=is_from_now)
        self.jobs.setdefault(key, []).append(change)
        return change

    def state(self, key: Key) -> State | None:
        """What the job is when all that was asked for, and not refused, is done."""
        kept = (change for change in reversed(self.jobs.get(key, [])) if not change.is_refused)
        return next(kept, NEVER).state

    def acknowledged(self) -> int:
        """How many changes, also while more are asked for."""
        jobs = list(self.jobs.values())
        return sum(change.acknowledged is not None for job in jobs for change in job)

    def moments(self) -> list[int]:
        found = (change.acknowledged for job in self.jobs.values() for change in job)
        return [moment for moment in found if moment is not None]

    def refused(self) -> int:
        return sum(change.is_refused for job in self.jobs.values() for change in job)


def violations(
    histories: list[History],
    found: dict[Key, State],
    at: int | None = None,
    refused: bool = True,
) -> list[str]:
    """What was promised before the moment `at`, the end if none is given, and does not hold.

    Without `refused` nothing that was refused may have happened: something has been written since.
    """
    wrong = []
    asked = {key: changes for history in histories for key, changes in history.jobs.items()}
    for key in asked.keys() | found.keys():
        changes = [change for change in asked.get(key, []) if refused or not change.is_refused]
        allowed = possible(changes, at)
        if not any(change.allows(found.get(key)) for change in allowed):
            may_be = [change.state for change in allowed]
            wrong.append(f"{key}: found {found.get(key)}, may be one of {may_be}")
    return sorted(wrong)


def possible(changes: list[Change], at: int | None) -> list[Change]:
    """The changes of a job of which one may be the last that is in the file."""
    last = [NEVER]
    for change in changes:
        if at is not None and change.asked > at:
            break
        is_certain = change.acknowledged is not None and (at is None or change.acknowledged <= at)
        last = [change] if is_certain else [*last, change]
    return last


def stored(path) -> dict[Key, State]:
    """The jobs of a file that no server has open, without those of dropped functions."""
    file = sqlite3.connect(path)
    try:
        rows = file.execute(
            """
            SELECT func, name, workload, due_ms, count, timeout, scheduled_at FROM jobs
            WHERE NOT EXISTS
              (SELECT 1 FROM drops WHERE drops.func = jobs.func AND jobs.id <= drops.up_to)
            """
        ).fetchall()
    finally:
        file.close()
    found = {}
    for function, name, workload, due, count, timeout, shown in rows:
        assert shown == due // 1000, f"{name}: workers are shown {shown}, it is due at {due} ms"
        found[bytes(function), bytes(name)] = State(bytes(workload), due, count, timeout)
    assert len(found) == len(rows), "a job is there once"
    return found
