"""The pytest plugin: a `Sandbox` for each test that asks for one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .testing import Clock, Sandbox


@pytest.fixture
def periodic() -> Iterator[Sandbox]:
    """A server in memory with a client and a worker, in virtual time (libperiodic.testing.Sandbox)."""
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def periodic_clock(periodic: Sandbox) -> Clock:
    """The sandbox's clock: `periodic_clock.advance(60)`."""
    return periodic.clock
