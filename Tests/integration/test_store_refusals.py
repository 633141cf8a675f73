"""What an operator reads when a store cannot be opened, and when the clock does not fit it."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import time

import pytest
import wire
from conftest import BINARY
from test_full_disk import ready


def refusal(path: str, *command: str) -> str:
    """The last line of a daemon that does not start on a store."""
    options = ["-d", "-H", "tcp://127.0.0.1:0", "--store", f"file:{path}"]
    ended = subprocess.run(
        [*command, str(BINARY), *options], capture_output=True, text=True, timeout=30
    )
    assert ended.returncode == 1, ended
    return ended.stderr.strip().splitlines()[-1]


def test_a_second_daemon_is_refused_and_hears_who_has_the_store(make_daemon, tmp_path):
    path = tmp_path / "jobs"
    daemon = make_daemon(f"file:{path}").start()
    link = tmp_path / "link"
    link.symlink_to(path)
    for name in path, link, f"{tmp_path}/./jobs":
        assert refusal(str(name)).endswith(f"jobs.lock: held by process {daemon.process.pid}")


def test_a_daemon_of_another_container_hears_it_too(make_daemon, tmp_path):
    path = tmp_path / "jobs"
    daemon = make_daemon(f"file:{path}").start()
    names = ["unshare", "--pid", "--fork"]
    if subprocess.run([*names, "true"], capture_output=True).returncode != 0:
        names = []
    text = refusal(str(path), *names)
    assert f"held by process {daemon.process.pid}" in text
    assert ("in another container" in text) == bool(names)


def test_a_store_that_is_none_is_refused_and_left_as_it_is(tmp_path):
    text = tmp_path / "text"
    text.write_text("not a database, but long enough to have a header\n" * 9)
    foreign = tmp_path / "foreign"
    sqlite3.connect(foreign).execute("CREATE TABLE t(a)").connection.close()
    for path, why in (text, "is not a SQLite file"), (foreign, "not one of Periodic"):
        before = path.read_bytes()
        line = refusal(str(path))
        assert why in line and line.endswith("name another path")
        assert path.read_bytes() == before
    assert sorted(os.listdir(tmp_path)) == ["foreign", "text"]


def test_a_damaged_store_is_refused_with_what_to_do(make_daemon, tmp_path):
    path = tmp_path / "jobs"
    daemon = make_daemon(f"file:{path}").start()
    with wire.Peer2(daemon.unix) as client:
        for number in range(200):
            assert client.submit(b"f", b"%d" % number, workload=b"x" * 1000)
    assert daemon.stop() == 0
    with path.open("r+b") as file:
        file.seek(8 * 4096)
        file.write(b"\xa5" * 30 * 4096)
    line = refusal(str(path))
    assert f"`periodic check {path}`" in line and f"`periodic repair --salvage {path} -o NEW`" in line


def test_damage_that_is_met_later_makes_a_store_read_only(make_daemon, tmp_path):
    path = tmp_path / "jobs"
    daemon = make_daemon(f"file:{path}").start()
    with wire.Peer2(daemon.unix) as client:
        for number in range(400):
            fields = {"workload": b"x" * 40_000, "at": int(time.time()) + 3600}
            assert client.submit(b"f", b"%d" % number, **fields)
        with path.open("r+b") as file:
            # What the server has not in memory.
            file.seek(100 * 4096)
            file.write(b"\xa5" * 1000 * 4096)
        for number in range(300):
            client.send(wire.REMOVE, wire.str8(b"f") + wire.str8(b"%d" % number))
        end = time.monotonic() + 20
        while (answer := ready(daemon)) != (503, "read-only"):
            assert time.monotonic() < end, answer
            time.sleep(0.05)
        with wire.Peer2(daemon.unix) as other:
            assert not other.submit(b"f", b"new")
    line = next(line for line in daemon.log.read_text().splitlines() if "read-only" in line)
    assert f"`periodic check {path}`" in line
    assert daemon.process.poll() is None


def test_a_store_in_the_wrong_place_is_refused(tmp_path):
    assert "No such file or directory" in refusal(f"{tmp_path}/missing/jobs")
    assert "is a directory" in refusal(str(tmp_path))
    for link, target in ("self", "self"), ("nothing", "missing"):
        (tmp_path / link).symlink_to(target)
        assert str(tmp_path / link) in refusal(str(tmp_path / link))


@pytest.mark.parametrize("hours", [-3, 0, 3])
def test_a_clock_behind_the_store_is_warned_of_and_due_times_stay(make_daemon, tmp_path, hours):
    path = tmp_path / "jobs"
    due = int(time.time()) + 7200
    daemon = make_daemon(f"file:{path}").start()
    with wire.Peer2(daemon.unix) as client:
        assert client.submit(b"f", b"n", at=due)
    assert daemon.stop() == 0
    written = time.time() + hours * 3600
    os.utime(path, (written, written))
    daemon.start()
    log = daemon.log.read_text()
    text = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(written))
    assert (f"the store was last written at {text}" in log) == (hours > 0)
    with wire.Peer2(daemon.unix) as client:
        assert client.status()["f"][-1] == due
