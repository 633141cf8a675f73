"""A power cut under load, by the model of Tests/powercut: of what the daemon wrote, only what it
synced is sure to be left. No change that was acknowledged before the cut is undone after it.

The number of cuts is PERIODIC_POWER_CUTS, few by default; the slow checks ask for many.
"""

from __future__ import annotations

import os
import pathlib
import random
import sqlite3
import subprocess
import sys
import time

import load
import pytest

from history import stored, violations

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "powercut"))

import replay  # noqa: E402

CUTS = int(os.environ.get("PERIODIC_POWER_CUTS", "5"))


@pytest.fixture(scope="session")
def shim(tmp_path_factory) -> pathlib.Path:
    library = tmp_path_factory.mktemp("powercut") / "powercut.so"
    source = pathlib.Path(replay.__file__).with_name("powercut.c")
    subprocess.run(["cc", "-O1", "-shared", "-fPIC", "-o", library, source], check=True)
    return library


def record(make_daemon, tmp_path, shim, **more):
    """A daemon under load with its writes recorded: the records, and what it acknowledged when."""
    data, log = tmp_path / "data", tmp_path / "log"
    data.mkdir()
    wrap = {"POWERCUT_DIR": str(data), "POWERCUT_LOG": str(log), "LD_PRELOAD": str(shim), **more}
    daemon = make_daemon(f"file:{data}/jobs.sqlite", wrap=wrap).start()
    owners = load.start(daemon.unix, random.randrange(1 << 30), time.monotonic() + 1.5)
    load.join(owners)
    daemon.kill()
    histories = [owner.history for owner in owners]
    assert all(history.acknowledged() for history in histories)
    return replay.read_log(log), histories


def broken_promises(records, histories, out: pathlib.Path, chance: random.Random) -> list[str]:
    """Changes acknowledged before a random cut that the files of the cut do not hold."""
    moments = [moment for history in histories for moment in history.moments()]
    cut = chance.randrange(min(moments), max(moments))
    disk = replay.Disk()
    for entry in records:
        if entry.time > cut:
            break
        disk.take(entry)
    replay.write_files(disk.after_cut(seed=chance.randrange(1 << 30)), out)
    try:
        found = stored(out / "jobs.sqlite")
    except sqlite3.DatabaseError:
        found = {}
    return violations(histories, found, at=cut)


def test_no_acknowledged_change_is_undone_by_a_power_cut(make_daemon, tmp_path, shim):
    records, histories = record(make_daemon, tmp_path, shim)
    seed = random.randrange(1 << 30)
    chance = random.Random(seed)
    for cut in range(CUTS):
        wrong = broken_promises(records, histories, tmp_path / f"cut-{cut}", chance)
        assert not wrong, f"seed {seed}, cut {cut}: {len(wrong)}, the first: {wrong[0]}"


def test_the_model_sees_loss_when_nothing_is_synced(make_daemon, tmp_path, shim):
    records, histories = record(make_daemon, tmp_path, shim, POWERCUT_IGNORE_SYNC="1")
    chance = random.Random(1)
    wrong = [
        broken_promises(records, histories, tmp_path / f"cut-{cut}", chance) for cut in range(5)
    ]
    assert any(wrong), "a store that never syncs loses jobs"
