"""kill -9 at a random moment under load: after the restart no acknowledged change is undone.

The number of runs is PERIODIC_CRASH_RUNS, few by default; the slow checks ask for many.
"""

from __future__ import annotations

import os
import random
import time

import load
import wire
from history import stored, violations

RUNS = int(os.environ.get("PERIODIC_CRASH_RUNS", "4"))
OPTIONS = os.environ.get("PERIODIC_CRASH_OPTIONS", "").split()


def test_no_acknowledged_change_is_undone(make_daemon, tmp_path):
    promised = 0
    for run in range(RUNS):
        seed = random.randrange(1 << 30)
        path = tmp_path / f"{run}.sqlite"
        daemon = make_daemon(f"file:{path}", *OPTIONS).start()
        owners = load.start(daemon.unix, seed)
        # Not a wait for something: the moment of the crash is what the test varies.
        time.sleep(random.Random(seed).uniform(0.02, 0.5))
        daemon.kill()
        load.join(owners)
        daemon.start()
        with wire.Peer2(daemon.unix) as peer:
            status = peer.status()
        assert daemon.stop() == 0
        daemon.close()
        found = stored(path)
        assert sum(row[1] for row in status.values()) == len(found), "the server knows its file"
        histories = [owner.history for owner in owners]
        wrong = violations(histories, found)
        assert not wrong, f"run {run}, seed {seed}: {len(wrong)}, the first: {wrong[0]}"
        promised += sum(history.acknowledged() for history in histories)
        path.unlink()
    assert promised > 100 * RUNS, "the load acknowledged a good deal"
