"""A disk under the real daemon that answers a write or a sync with EIO, once or until further notice
(Tests/powercut/failing.c): what was acknowledged is kept, what was refused has not happened, the
reason can be read, and the daemon works again by itself when the disk does.

The number of single failures is PERIODIC_DISK_FAILURES, few by default; the slow checks ask for many.
"""

from __future__ import annotations

import os
import pathlib
import random
import signal
import sqlite3
import subprocess
import time

import load
import pytest
import wire
from conftest import BINARY
from history import stored, violations
from test_full_disk import ask, await_state, ready

FAILURES = int(os.environ.get("PERIODIC_DISK_FAILURES", "12"))
# Also what takes ten seconds.
IS_PATIENT = FAILURES >= 100
SOURCE = pathlib.Path(__file__).resolve().parents[1] / "powercut" / "failing.c"
REASON = "Input/output error"
READ_ONLY = "the store cannot write and is read-only until it can; nothing was changed"
FAR = 4_000_000_000


@pytest.fixture(scope="session")
def shim(tmp_path_factory) -> pathlib.Path:
    library = tmp_path_factory.mktemp("failing") / "failing.so"
    subprocess.run(["cc", "-O1", "-shared", "-fPIC", "-o", library, SOURCE], check=True)
    return library


class Disk:
    """A directory whose files fail by order, and a daemon with its store there."""

    def __init__(self, make_daemon, tmp_path: pathlib.Path, shim: pathlib.Path):
        self.data, self.order = tmp_path / "data", tmp_path / "order"
        self.data.mkdir()
        self.path = self.data / "jobs"
        self.wrap = {
            "FAILING_DIR": str(self.data),
            "FAILING_ORDER": str(self.order),
            "LD_PRELOAD": str(shim),
        }
        self.daemon = make_daemon(f"file:{self.path}", wrap=self.wrap)

    def fail(self, order: str) -> None:
        """Orders failures; the file appears as a whole."""
        draft = self.order.with_suffix(".draft")
        draft.write_text(order)
        draft.rename(self.order)

    def heal(self) -> None:
        self.order.unlink(missing_ok=True)

    def await_failure(self) -> None:
        end = time.monotonic() + 20
        while self.order.exists():
            assert time.monotonic() < end, f"no call failed: {self.order.read_text()}"
            time.sleep(0.005)

    def check(self) -> None:
        checked = subprocess.run([BINARY, "check", self.path], capture_output=True, text=True)
        assert checked.returncode == 0, checked


@pytest.fixture
def disk(make_daemon, tmp_path, shim) -> Disk:
    return Disk(make_daemon, tmp_path, shim)


class Loaded:
    """A daemon under load that may refuse."""

    def __init__(self, disk: Disk, seed: int):
        self.disk = disk
        self.owners = load.make(disk.daemon.unix, seed, float("inf"))
        for owner in self.owners:
            owner.may_be_refused = True
            owner.start()

    def acknowledged(self) -> int:
        return sum(owner.history.acknowledged() for owner in self.owners)

    def end(self) -> int:
        """Ends the load and the daemon, compares, and returns how much was refused."""
        for owner in self.owners:
            owner.until = time.monotonic()
        load.join(self.owners)
        # What comes after it is written after all that was refused, in its place.
        with wire.Peer2(self.disk.daemon.unix) as client:
            assert client.submit(b"after", b"all", at=FAR)
        self.disk.daemon.kill()
        found = stored(self.disk.path)
        del found[b"after", b"all"]
        wrong = self.violations(found, refused=False)
        assert not wrong, f"{len(wrong)}, the first: {wrong[0]}"
        self.disk.check()
        return sum(owner.history.refused() for owner in self.owners)

    def violations(self, found, refused: bool) -> list[str]:
        return violations([owner.history for owner in self.owners], found, refused=refused)


def test_a_call_that_fails_once_undoes_nothing_that_was_acknowledged(disk):
    seed = random.randrange(1 << 30)
    print("seed", seed)
    chance = random.Random(seed)
    disk.daemon.start()
    loaded = Loaded(disk, seed)
    for _ in range(FAILURES):
        kind, last = chance.choice([("any", 2000), ("write", 2000), ("sync", 40)])
        disk.fail(f"{kind} {chance.randrange(1, chance.choice([8, last]))} once")
        disk.await_failure()
        await_state(disk.daemon, (200, "working"))
    assert loaded.end() > 0, "a batch that failed is refused"
    assert REASON in disk.daemon.log.read_text()


@pytest.mark.parametrize("kind", ["write", "sync"])
def test_a_disk_that_fails_for_a_while_refuses_and_works_again(disk, kind):
    disk.daemon.start()
    loaded = Loaded(disk, random.randrange(1 << 30))
    for first in 1, random.randrange(1, 60):
        disk.fail(f"{kind} {first} on")
        await_state(disk.daemon, (503, "read-only"))
        with wire.Peer1(disk.daemon.unix) as old:
            assert READ_ONLY in old.submit("f", "refused", sched_at=FAR).decode()
        status, answer = ask(disk.daemon, "POST", "/f?name=refused", b"w")
        assert status == 503 and READ_ONLY in str(answer), answer
        before = loaded.acknowledged()
        disk.heal()
        await_state(disk.daemon, (200, "working"))
        end = time.monotonic() + 20
        while loaded.acknowledged() < before + 100:
            assert time.monotonic() < end, "it says that it works, and takes nothing"
            time.sleep(0.01)
    assert loaded.end() > 0
    told = [line for line in disk.daemon.log.read_text().splitlines() if "read-only" in line]
    assert all(REASON in line for line in told) and 1 <= len(told) <= 2, told


def test_ends_and_removes_wait_for_the_disk(disk):
    disk.daemon.start()
    with wire.Peer2(disk.daemon.unix) as client, wire.Peer2(disk.daemon.unix) as other:
        for name in b"kept", b"gone":
            assert client.submit(b"f", name, at=FAR)
        disk.fail("any 1 on")
        waiting = client.send(wire.REMOVE, wire.str8(b"f") + wire.str8(b"gone"))
        await_state(disk.daemon, (503, "read-only"))
        assert other.ask(wire.PING)[0] == wire.PONG
        disk.heal()
        assert client.receive()[:2] == (waiting, wire.SUCCESS)
    disk.daemon.kill()
    assert [name for _, name in stored(disk.path)] == [b"kept"]


def test_a_stop_on_a_disk_that_fails_tells_what_is_not_written(disk):
    disk.daemon.start()
    with wire.Peer2(disk.daemon.unix) as client:
        assert client.submit(b"f", b"n", at=FAR)
        disk.fail("any 1 on")
        client.send(wire.REMOVE, wire.str8(b"f") + wire.str8(b"n"))
        await_state(disk.daemon, (503, "read-only"))
        if IS_PATIENT:
            assert disk.daemon.stop() == 0
            assert "1 changes were not written" in disk.daemon.log.read_text()
        while disk.daemon.process.poll() is None:
            # The second signal ends the wait for the disk.
            disk.daemon.process.send_signal(signal.SIGTERM)
            time.sleep(0.1)
        assert disk.daemon.process.returncode == 0
    disk.heal()
    disk.daemon.start()
    assert ready(disk.daemon) == (200, "working")
    disk.daemon.kill()
    assert [name for _, name in stored(disk.path)] == [b"n"]


@pytest.mark.parametrize("is_new", [True, False])
def test_a_disk_that_fails_at_the_start_is_a_refusal_or_no_matter(disk, is_new):
    """Each call of the start in turn, until one start has fewer."""
    daemon = disk.daemon
    if not is_new:
        daemon.start()
        with wire.Peer2(daemon.unix) as client:
            assert client.submit(b"f", b"n", at=FAR)
    refused = 0
    for call in range(1, 100):
        if is_new:
            for file in disk.data.iterdir():
                file.unlink()
        elif daemon.process.poll() is None:
            daemon.kill()
        disk.fail(f"any {call} once")
        try:
            daemon.start()
        except RuntimeError:
            text = daemon.log.read_text().splitlines()[-1]
            assert ("disk I/O error" in text and str(disk.path) in text) or REASON in text, text
            assert daemon.process.wait(timeout=10) == 1
            refused += 1
            assert not disk.order.exists()
            daemon.start()
        was_obeyed = not disk.order.exists()
        disk.heal()
        with wire.Peer2(daemon.unix) as client:
            assert client.submit(b"f", b"other", at=FAR)
            assert client.status()["f"][1] == (1 if is_new else 2)
        daemon.kill()
        if not was_obeyed:
            break
    else:
        pytest.fail("a start has no end")
    assert refused > 0
    disk.check()


def test_a_disk_that_lies_is_noticed(disk):
    """The control: writes that say that they worked, and did not."""
    disk.daemon.start()
    loaded = Loaded(disk, 1)
    disk.fail("write 1 lie")
    before = loaded.acknowledged()
    end = time.monotonic() + 20
    while loaded.acknowledged() < before + 500:
        assert time.monotonic() < end, "nothing is acknowledged"
        time.sleep(0.01)
    disk.daemon.kill()
    load.join(loaded.owners)
    try:
        found = stored(disk.path)
    except sqlite3.DatabaseError:
        found = {}
    assert loaded.violations(found, refused=True)
