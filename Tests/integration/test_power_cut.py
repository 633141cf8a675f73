"""A power cut under load, by the model of Tests/powercut: of what the daemon wrote, only what it
synced is sure to be left. No job that was acknowledged before the cut is missing after it.

The number of cuts is PERIODIC_POWER_CUTS, few by default; the slow checks ask for fifty.
"""

from __future__ import annotations

import os
import pathlib
import random
import sqlite3
import subprocess
import sys
import threading
import time

import pytest

import wire

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "powercut"))

import replay  # noqa: E402

CUTS = int(os.environ.get("PERIODIC_POWER_CUTS", "5"))
WINDOW = 32


@pytest.fixture(scope="session")
def shim(tmp_path_factory) -> pathlib.Path:
    library = tmp_path_factory.mktemp("powercut") / "powercut.so"
    source = pathlib.Path(replay.__file__).with_name("powercut.c")
    subprocess.run(["cc", "-O1", "-shared", "-fPIC", "-o", library, source], check=True)
    return library


def submit(address: str, number: int, until: float, acknowledged: list[tuple[int, bytes]]) -> None:
    """Pipelines submits, and notes each success with the moment at which it was heard."""
    names: dict[bytes, bytes] = {}
    with wire.Peer2(address) as peer:
        sent = 0
        while time.monotonic() < until or names:
            while len(names) < WINDOW and time.monotonic() < until:
                name = b"%d-%d" % (number, sent)
                sent += 1
                job = wire.job2(b"far", name, workload=b"x" * 100, at=int(time.time()) + 3600)
                names[peer.send(wire.SUBMIT, job)] = name
            message, command, _ = peer.receive()
            assert command == wire.SUCCESS
            acknowledged.append((time.monotonic_ns(), names.pop(message)))


def record(make_daemon, tmp_path, shim, **more):
    """A daemon under load with its writes recorded: the records, and what it acknowledged when."""
    data, log = tmp_path / "data", tmp_path / "log"
    data.mkdir()
    wrap = {"POWERCUT_DIR": str(data), "POWERCUT_LOG": str(log), "LD_PRELOAD": str(shim), **more}
    daemon = make_daemon(f"file:{data}/jobs.sqlite", wrap=wrap).start()
    acknowledged: list[tuple[int, bytes]] = []
    until = time.monotonic() + 1.5
    threads = [
        threading.Thread(target=submit, args=(daemon.unix, number, until, acknowledged))
        for number in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    daemon.kill()
    assert acknowledged
    return replay.read_log(log), acknowledged


def lost_jobs(records, acknowledged, out: pathlib.Path, chance: random.Random) -> int:
    """Jobs acknowledged before a random cut that the files of the cut do not hold."""
    first, last = acknowledged[0][0], acknowledged[-1][0]
    cut = chance.randrange(first, last)
    disk = replay.Disk()
    for entry in records:
        if entry.time > cut:
            break
        disk.take(entry)
    replay.write_files(disk.after_cut(seed=chance.randrange(1 << 30)), out)
    promised = {name for moment, name in acknowledged if moment <= cut}
    try:
        rows = sqlite3.connect(out / "jobs.sqlite").execute("SELECT name FROM jobs").fetchall()
    except sqlite3.DatabaseError:
        rows = []
    return len(promised - {bytes(name) for (name,) in rows})


def test_no_acknowledged_job_is_lost_in_a_power_cut(make_daemon, tmp_path, shim):
    records, acknowledged = record(make_daemon, tmp_path, shim)
    seed = random.randrange(1 << 30)
    chance = random.Random(seed)
    for cut in range(CUTS):
        lost = lost_jobs(records, acknowledged, tmp_path / f"cut-{cut}", chance)
        assert lost == 0, f"seed {seed}, cut {cut}: {lost} jobs are lost"


def test_the_model_sees_loss_when_nothing_is_synced(make_daemon, tmp_path, shim):
    records, acknowledged = record(make_daemon, tmp_path, shim, POWERCUT_IGNORE_SYNC="1")
    chance = random.Random(1)
    lost = [lost_jobs(records, acknowledged, tmp_path / f"cut-{cut}", chance) for cut in range(5)]
    assert any(lost), "a store that never syncs loses jobs"
