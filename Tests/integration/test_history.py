"""The checker of histories notices what it is there for."""

from __future__ import annotations

import pytest

from history import History, State

KEY = (b"f", b"n")
OLD, NEW = State(b"old", 0, True), State(b"new", 0, True)


def after(*changes: tuple[State | None, bool]) -> History:
    """A history of one job: what was asked, and whether that was acknowledged."""
    history = History()
    for state, is_acknowledged in changes:
        change = history.ask(KEY, state)
        if is_acknowledged:
            change.acknowledged = change.asked + 1
    return history


@pytest.mark.parametrize(
    "changes, found",
    [
        ([(OLD, True)], {}),
        ([(OLD, True), (NEW, True)], {KEY: OLD}),
        ([(OLD, True), (None, True)], {KEY: OLD}),
        ([(OLD, False), (None, True)], {KEY: OLD}),
        ([(OLD, True), (State(b"old", 1, True), True)], {KEY: OLD}),
        ([(State(b"old", 0, False), True)], {KEY: OLD}),
    ],
)
def test_a_broken_promise_is_seen(changes, found):
    assert after(*changes).violations(found)


@pytest.mark.parametrize("found", [{}, {KEY: OLD}, {KEY: NEW}])
def test_what_was_not_acknowledged_may_have_happened_or_not(found):
    assert not after((OLD, False), (NEW, False)).violations(found)


def test_before_the_moment_of_the_cut_nothing_was_promised():
    history = after((OLD, True))
    asked = history.jobs[KEY][0].asked
    assert not history.violations({}, at=asked)
    assert history.violations({}, at=asked + 1)
