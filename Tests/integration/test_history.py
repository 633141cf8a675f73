"""The checker of histories notices what it is there for."""

from __future__ import annotations

import dataclasses
import sqlite3

import pytest
import wire

from history import History, State, stored, violations
from load import Submitter

KEY = (b"f", b"n")
OLD, NEW = State(b"old", 5_000_000), State(b"new", 6_000_000, count=2, timeout=7)


def after(*changes: tuple[State | None, bool]) -> list[History]:
    """A history of one job: what was asked, and whether that was acknowledged."""
    history = History()
    for state, is_acknowledged in changes:
        change = history.ask(KEY, state)
        if is_acknowledged:
            change.acknowledged = change.asked + 1
    return [history]


@pytest.mark.parametrize(
    "changes, found",
    [
        ([(OLD, True)], {}),
        ([(OLD, True), (NEW, True)], {KEY: OLD}),
        ([(OLD, True), (None, True)], {KEY: OLD}),
        ([(OLD, False), (None, True)], {KEY: OLD}),
        ([], {KEY: OLD}),
        ([(OLD, True)], {KEY: OLD, (b"f", b"other"): OLD}),
        ([(None, True)], {KEY: OLD}),
    ],
)
def test_a_broken_promise_is_seen(changes, found):
    assert violations(after(*changes), found)


@pytest.mark.parametrize(
    "field, value",
    [
        ("workload", b"other"),
        ("due", NEW.due - 1),
        ("due", NEW.due + 1),
        ("count", 1),
        ("count", 0),
        ("timeout", 0),
    ],
)
def test_each_field_of_a_job_is_looked_at(field, value):
    assert not violations(after((NEW, True)), {KEY: NEW})
    assert violations(after((NEW, True)), {KEY: dataclasses.replace(NEW, **{field: value})})


@pytest.mark.parametrize(
    "late, is_wrong", [(-1001, True), (-1000, False), (3000, False), (3001, True)]
)
def test_a_due_time_from_now_counts_between_the_request_and_the_reply(late, is_wrong):
    history = History()
    change = history.ask(KEY, OLD, is_from_now=True)
    change.acknowledged = change.asked + 2_000_000_000
    found = dataclasses.replace(OLD, due=OLD.due + late)
    assert bool(violations([history], {KEY: found})) == is_wrong


@pytest.mark.parametrize("found", [{}, {KEY: OLD}, {KEY: NEW}])
def test_what_was_not_acknowledged_may_have_happened_or_not(found):
    assert not violations(after((OLD, False), (NEW, False)), found)


def test_before_the_moment_of_the_cut_nothing_was_promised():
    histories = after((OLD, True))
    asked = histories[0].jobs[KEY][0].asked
    assert not violations(histories, {}, at=asked)
    assert violations(histories, {}, at=asked + 1)
    assert violations(histories, {KEY: OLD}, at=asked - 1)


def test_a_refusal_acknowledges_nothing():
    owner = Submitter("", 0, 0)
    owner.may_be_refused = True
    first, second = owner.history.ask(KEY, OLD), owner.history.ask(KEY, NEW)
    owner.settle([first], wire.SUCCESS)
    owner.settle([second], wire.UNKNOWN)
    assert first.acknowledged and not second.acknowledged
    assert owner.history.state(KEY) == OLD and owner.history.refused() == 1
    assert not violations([owner.history], {KEY: OLD})
    assert not violations([owner.history], {KEY: NEW})
    assert violations([owner.history], {KEY: NEW}, refused=False)
    owner.may_be_refused = False
    with pytest.raises(AssertionError):
        owner.settle([first], wire.UNKNOWN)


def test_the_file_is_read_as_the_server_reads_it(tmp_path):
    def rows(*jobs):
        path = tmp_path / str(len(list(tmp_path.iterdir())))
        with sqlite3.connect(path) as file:
            file.execute(
                "CREATE TABLE jobs(id, func, name, workload, due_ms, count, timeout, scheduled_at)"
            )
            file.execute("CREATE TABLE drops(func, up_to)")
            file.execute("INSERT INTO drops VALUES (?, 7)", (b"dropped",))
            file.executemany("INSERT INTO jobs VALUES (?, ?, ?, ?, ?, ?, ?, ?)", jobs)
        file.close()
        return stored(path)

    job = (b"n", b"new", 6_000_500, 2, 7, 6000)
    kept, dropped = (8, b"f", *job), (7, b"dropped", *job)
    assert rows(kept, dropped) == {KEY: dataclasses.replace(NEW, due=6_000_500)}
    assert len(rows(kept, (8, b"dropped", *job))) == 2
    with pytest.raises(AssertionError, match="is there once"):
        rows(kept, (9, b"f", *job))
    with pytest.raises(AssertionError, match="workers are shown 6001"):
        rows((*kept[:-1], 6001))
