"""A store on a disk that becomes full: jobs are refused, what ends and removes them goes on, and all
is well again when there is room. Nothing that was acknowledged is lost meanwhile."""

from __future__ import annotations

import ctypes
import http.client
import json
import pathlib
import resource
import sqlite3
import time

import pytest
import wire

WORKLOAD = b"x" * 8000


class SmallDisk:
    """A file system of its own; `grow` gives it more room."""

    def __init__(self, path: pathlib.Path):
        self.path = path
        path.mkdir()
        self.libc = ctypes.CDLL(None, use_errno=True)
        self.mounted = self.mount(32) == 0

    def mount(self, megabytes: int, flags: int = 0) -> int:
        options = f"size={megabytes}m".encode()
        return self.libc.mount(b"tmpfs", str(self.path).encode(), b"tmpfs", flags, options)

    def grow(self) -> None:
        remount = 32
        assert self.mount(128, remount) == 0

    def close(self) -> None:
        if self.mounted:
            detach = 2
            self.libc.umount2(str(self.path).encode(), detach)


@pytest.fixture
def disk(tmp_path):
    disk = SmallDisk(tmp_path / "disk")
    yield disk
    disk.close()


def ask(daemon, method: str, target: str, body: bytes = b"") -> tuple[int, dict | None]:
    connection = http.client.HTTPConnection("127.0.0.1", daemon.port, timeout=10)
    connection.request(method, target, body)
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    return answer.status, json.loads(text) if text.startswith(b"{") else None


def ready(daemon) -> tuple[int, str]:
    status, body = ask(daemon, "GET", "/periodic/ready")
    return status, body.get("store", "")


def await_state(daemon, wanted: tuple[int, str]) -> None:
    end = time.monotonic() + 20
    while ready(daemon) != wanted:
        assert time.monotonic() < end, f"{ready(daemon)}: {daemon.log.read_text()}"
        time.sleep(0.05)


def remove(client, name: bytes) -> None:
    assert client.ask(wire.REMOVE, wire.str8(b"f") + wire.str8(name))[0] == wire.SUCCESS


def fill(client, kept: set[bytes]) -> None:
    """Submits jobs until one is refused; `kept` gets those that were acknowledged."""
    for number in range(20_000):
        name = b"%d" % number
        if not client.submit(b"f", name, workload=WORKLOAD):
            return
        kept.add(name)
    pytest.fail("the disk is never full")


def stored(path: pathlib.Path) -> set[bytes]:
    """The names of the jobs in a file that no daemon has."""
    database = sqlite3.connect(path)
    names = {name for (name,) in database.execute("SELECT name FROM jobs")}
    database.close()
    return names


def do_one(daemon) -> bytes:
    """Runs one job to its end; its name."""
    with wire.Peer2(daemon.unix, wire.WORKER) as worker:
        worker.ask(wire.CAN_DO, wire.str8(b"f"))
        worker.send(wire.GRAB)
        command, job = wire.SUCCESS, b""
        while command != wire.ASSIGN:
            message, command, job = worker.receive()
        worker.send(wire.ASSIGNED, message=message)
        end = 2 + job[0] + job[1 + job[0]]
        done = worker.send(wire.DONE, job[:end])
        while worker.receive()[:2] != (done, wire.SUCCESS):
            pass
        return job[2 + job[0] : end]


def test_a_full_disk_refuses_jobs_and_lets_them_end(make_daemon, disk):
    if not disk.mounted:
        return with_small_files(make_daemon, disk.path)
    path = disk.path / "jobs"
    daemon = make_daemon(f"file:{path}").start()
    assert ready(daemon) == (200, "working")
    kept: set[bytes] = set()
    with wire.Peer2(daemon.unix) as client:
        fill(client, kept)
        await_state(daemon, (503, "full"))
        assert (disk.path / "jobs.reserve").exists()
        assert ask(daemon, "POST", "/f?name=x", WORKLOAD * 400)[0] == 507
        with wire.Peer1(daemon.unix) as old:
            assert b"the store is full" in old.submit("f", "y", workload="x" * 3_000_000)
        for name in sorted(kept)[:300]:
            remove(client, name)
            kept.remove(name)
        kept.remove(do_one(daemon))

        # A crash does not change that.
        daemon.kill()
        daemon.start()
    with wire.Peer2(daemon.unix) as client:
        for name in sorted(kept)[:300]:
            remove(client, name)
            kept.remove(name)
        kept.remove(do_one(daemon))
        fill(client, kept)
        await_state(daemon, (503, "full"))
        disk.grow()
        await_state(daemon, (200, "working"))
        assert client.submit(b"f", b"after", workload=WORKLOAD)
    assert (disk.path / "jobs.reserve").stat().st_size == 8 << 20
    daemon.kill()
    assert stored(path) == kept | {b"after"}


def test_the_reserve_is_as_large_as_asked_for(make_daemon, tmp_path):
    for size in 1, 0:
        path = tmp_path / f"with{size}"
        daemon = make_daemon(f"file:{path}", "--reserve", str(size)).start()
        reserve = tmp_path / f"with{size}.reserve"
        assert (reserve.stat().st_size if size else reserve.exists()) == size << 20
        assert daemon.stop() == 0


def with_small_files(make_daemon, directory: pathlib.Path) -> None:
    """The same where files may not grow over a limit, and there is no reserve to help: what ends
    jobs waits for the end of that."""
    path = directory / "jobs"
    daemon = make_daemon(f"file:{path}").start()
    kept: set[bytes] = set()
    limit = 4 << 20
    resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    with wire.Peer2(daemon.unix) as client:
        fill(client, kept)
        await_state(daemon, (503, "full"))
        resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE, (-1, -1))
        await_state(daemon, (200, "working"))
        remove(client, b"0")
        kept.remove(b"0")
        assert client.submit(b"f", b"after", workload=WORKLOAD)
    daemon.kill()
    assert stored(path) == kept | {b"after"}


def test_a_limit_on_files_is_a_full_disk(make_daemon, tmp_path):
    with_small_files(make_daemon, tmp_path)
