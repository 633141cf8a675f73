"""How hard a store file keeps what is acknowledged: --sync. That a power cut takes what is promised and no
more is shown in test_power_cut.py and in the store's own tests."""

from __future__ import annotations

import subprocess

import pytest
import wire
from conftest import BINARY

FAR = 4_000_000_000


@pytest.mark.parametrize("mode", ["always", "batch", "batch:1", "off"])
def test_a_crash_of_the_process_takes_nothing_in_any_mode(make_daemon, tmp_path, mode):
    daemon = make_daemon(f"file:{tmp_path}/jobs.sqlite", "--sync", mode).start()
    with wire.Peer2(daemon.unix) as client:
        for number in range(200):
            assert client.submit(b"f", b"%d" % number, at=FAR)
    daemon.kill()
    daemon.start()
    with wire.Peer2(daemon.unix) as client:
        assert client.status()["f"][1] == 200


@pytest.mark.parametrize("mode", ["", "full", "batch:", "batch:0", "batch:60001", "batch:-1", "Off"])
def test_other_words_are_refused(mode):
    run = subprocess.run([BINARY, "-d", "--sync", mode], capture_output=True, text=True, timeout=20)
    assert run.returncode == 2 and "use always, batch" in run.stderr
