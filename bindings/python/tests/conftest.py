"""A loop, and a server on it, for tests that have everything in one thread."""

from __future__ import annotations

import pytest

from libperiodic import Loop, Server


@pytest.fixture
def loop():
    with Loop() as loop:
        yield loop


@pytest.fixture
def address(loop):
    with Server(loop=loop) as server:
        yield server.listen("tcp://127.0.0.1:0")
