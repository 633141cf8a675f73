"""What an operator does about a store that may be damaged: check, salvage, and start again."""

from __future__ import annotations

import json
import subprocess

from conftest import BINARY


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(BINARY), *map(str, arguments)], capture_output=True, text=True, timeout=60
    )


def test_a_damaged_store_is_found_out_salvaged_and_served_again(make_daemon, tmp_path):
    path, new = tmp_path / "jobs", tmp_path / "new"
    daemon = make_daemon(f"file:{path}").start()
    for name in "one", "two":
        assert run("-H", daemon.tcp, "submit", "f", name, "--later", 9000).returncode == 0

    held = run("check", path)
    assert held.returncode == 1 and f"held by process {daemon.process.pid}" in held.stderr
    assert daemon.stop() == 0
    sound = run("check", path, "--json")
    assert (sound.returncode, json.loads(sound.stdout)["jobs"]) == (0, 2)

    # The list of tables is gone; where the jobs are has to be found.
    with path.open("r+b") as file:
        file.write(bytes(4096))
    before = path.read_bytes()
    damaged = run("check", path)
    assert damaged.returncode == 1 and "DAMAGED" in damaged.stdout
    assert "repair --salvage" in damaged.stderr
    saved = run("repair", "--salvage", path, "-o", new, "--json")
    assert saved.returncode == 0, saved
    assert json.loads(saved.stdout.splitlines()[-1])["jobs"] == 2
    assert path.read_bytes() == before
    assert run("check", new).returncode == 0

    again = make_daemon(f"file:{new}").start()
    status = json.loads(run("-H", again.tcp, "status", "--json").stdout)
    assert "f" in json.dumps(status)


def test_a_file_that_is_there_is_not_written_over(tmp_path):
    path = tmp_path / "jobs"
    path.write_bytes(b"")
    there = tmp_path / "there"
    there.write_text("mine")
    refused = run("repair", "--salvage", path, "-o", there)
    assert refused.returncode == 1 and "exists" in refused.stderr
    assert there.read_text() == "mine"


def test_wrong_usage_is_told_apart(tmp_path):
    assert run("check").returncode == 2
    assert run("repair", tmp_path / "jobs", "-o", tmp_path / "new").returncode == 2
    assert run("check", tmp_path / "nowhere").returncode == 1
