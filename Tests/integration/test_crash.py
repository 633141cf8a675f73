"""kill -9 at a random moment under load: no acknowledged job is missing after the restart.

The number of runs is PERIODIC_CRASH_RUNS, few by default; the slow checks ask for a hundred.
"""

from __future__ import annotations

import os
import random
import sqlite3
import threading
import time

import wire

RUNS = int(os.environ.get("PERIODIC_CRASH_RUNS", "3"))
WINDOW = 64


def submit_until_the_end(address: str, number: int, acknowledged: set[bytes]) -> None:
    """Pipelines submits of ever new names, and notes what was answered with success."""
    peer = wire.Peer2(address)
    names: dict[bytes, bytes] = {}
    sent = 0
    try:
        while True:
            while len(names) < WINDOW:
                name = b"%d-%d" % (number, sent)
                sent += 1
                job = wire.job2(b"far", name, workload=b"x" * 100, at=int(time.time()) + 3600)
                names[peer.send(wire.SUBMIT, job)] = name
            message, command, _ = peer.receive()
            assert command == wire.SUCCESS
            acknowledged.add(names.pop(message))
    except (wire.Closed, OSError):
        peer.close()


def test_no_acknowledged_job_is_lost(make_daemon, tmp_path):
    for run in range(RUNS):
        seed = random.randrange(1 << 30)
        chance = random.Random(seed)
        path = tmp_path / f"{run}.sqlite"
        daemon = make_daemon(f"file:{path}").start()
        acknowledged: list[set[bytes]] = [set() for _ in range(4)]
        threads = [
            threading.Thread(target=submit_until_the_end, args=(daemon.unix, number, known))
            for number, known in enumerate(acknowledged)
        ]
        for thread in threads:
            thread.start()
        # Not a wait for something: the moment of the crash is what the test varies.
        time.sleep(chance.uniform(0.02, 0.6))
        daemon.kill()
        for thread in threads:
            thread.join()
        known = set().union(*acknowledged)
        daemon.start()
        found = stored_names(daemon)
        daemon.close()
        missing = known - found
        assert not missing, f"run {run}, seed {seed}: {len(missing)} of {len(known)} are missing"
        assert known, "the load acknowledged something"


def stored_names(daemon) -> set[bytes]:
    """The names that the restarted server knows: stops it and reads the file it leaves."""
    with wire.Peer2(daemon.unix) as peer:
        jobs = peer.status()["far"][1]
    assert daemon.stop() == 0
    rows = sqlite3.connect(daemon.store.removeprefix("file:")).execute("SELECT name FROM jobs")
    names = {bytes(name) for (name,) in rows}
    assert len(names) == jobs, "the server knows what its file holds"
    return names
