"""What clients asked of a durable daemon, what it acknowledged, and what must therefore be found
after a crash.

Each job has one owner, which asks for one change after the other on one connection, so that its
states have an order. Of these the acknowledged ones count for certain, the others may have happened
or not: what is found has to be the state after the last acknowledged change, or after one of those
that were asked for later.
"""

from __future__ import annotations

import dataclasses
import sqlite3
import time

Key = tuple[bytes, bytes]


@dataclasses.dataclass(frozen=True)
class State:
    """A job as it stands in the file; a job that is not there is None."""

    workload: bytes
    count: int
    # Due in the far future, not now or in a second.
    is_far: bool


@dataclasses.dataclass
class Change:
    state: State | None
    asked: int
    acknowledged: int | None = None


class History:
    """The changes of the jobs of one owner. Moments are nanoseconds of the monotonic clock."""

    def __init__(self) -> None:
        self.jobs: dict[Key, list[Change]] = {}

    def ask(self, key: Key, state: State | None) -> Change:
        change = Change(state, time.monotonic_ns())
        self.jobs.setdefault(key, []).append(change)
        return change

    def state(self, key: Key) -> State | None:
        """What the job is when all that was asked for is done."""
        changes = self.jobs.get(key)
        return changes[-1].state if changes else None

    def acknowledged(self) -> int:
        return sum(change.acknowledged is not None for job in self.jobs.values() for change in job)

    def moments(self) -> list[int]:
        found = (change.acknowledged for job in self.jobs.values() for change in job)
        return [moment for moment in found if moment is not None]

    def violations(self, found: dict[Key, State], at: int | None = None) -> list[str]:
        """What was promised before the moment `at`, the end if none is given, and does not hold."""
        wrong = []
        for key, changes in self.jobs.items():
            allowed = possible(changes, at)
            if found.get(key) not in allowed:
                wrong.append(f"{key}: found {found.get(key)}, may be one of {allowed}")
        return wrong


def possible(changes: list[Change], at: int | None) -> list[State | None]:
    known = [change for change in changes if at is None or change.asked <= at]
    states: list[State | None] = [None]
    for change in known:
        is_certain = change.acknowledged is not None and (at is None or change.acknowledged <= at)
        states = [change.state] if is_certain else [*states, change.state]
    return states


def stored(path) -> dict[Key, State]:
    """The jobs of a file that no server has open, without those of dropped functions."""
    file = sqlite3.connect(path)
    try:
        rows = file.execute(
            """
            SELECT func, name, workload, count, due_ms FROM jobs WHERE NOT EXISTS
              (SELECT 1 FROM drops WHERE drops.func = jobs.func AND jobs.id <= drops.up_to)
            """
        ).fetchall()
    finally:
        file.close()
    far = (time.time() + 1800) * 1000
    found = {
        (bytes(function), bytes(name)): State(bytes(workload), count, due > far)
        for function, name, workload, count, due in rows
    }
    assert len(found) == len(rows), "a job is there once"
    return found
