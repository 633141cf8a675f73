"""python -m libperiodic"""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import pytest

from libperiodic import Client, NoWorkerError, RunError, Server
from libperiodic.__main__ import load

@pytest.fixture
def app(tmp_path):
    address = f"unix://{tmp_path}/s"
    with Server("memory:", address) as server, Client(server) as client:
        yield tmp_path / "app.py", address, client


def command(directory, *options):
    line = [sys.executable, "-m", "libperiodic", "worker", "--app-dir", directory, *options]
    return subprocess.Popen(line, stderr=subprocess.PIPE, text=True)


def answer(client, expected: bytes) -> None:
    """Waits until a worker answers so."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            if client.run("version", "n") == expected:
                return
        except (NoWorkerError, RunError):
            time.sleep(0.02)
    raise AssertionError("nobody answered")


@pytest.mark.parametrize("kind", ["Worker", "AsyncWorker"])
def test_a_worker_of_a_program_is_run(app, kind):
    path, address, client = app
    path.write_text(program(kind, "unix:///somewhere/else", "one"))
    process = command(path.parent, "--server", address, "app:worker")
    answer(client, b"one")
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=20) == 0
    assert f"takes version from {address}" in process.stderr.read()
    process.stderr.close()


def test_a_changed_file_starts_it_anew(app):
    path, address, client = app
    path.write_text(program("Worker", address, "one"))
    process = command(path.parent, "app:worker", "--reload")
    answer(client, b"one")
    path.write_text(program("Worker", address, "two two"))
    answer(client, b"two two")
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=20) == 0
    assert "starting anew" in process.stderr.read()
    process.stderr.close()


def program(kind: str, address: str, version: str) -> str:
    begin = "async def" if kind == "AsyncWorker" else "def"
    return (
        f"import libperiodic\nworker = libperiodic.{kind}({address!r})\n"
        f'@worker.func("version")\n{begin} version(job):\n    return {version!r}\n'
    )


@pytest.mark.parametrize(
    "name, words",
    [("os:path", "is a module"), ("os:nothing", "has no nothing"), ("libperiodic:Worker", "is a type")],
)
def test_what_is_no_worker_is_named(name, words):
    with pytest.raises(SystemExit, match=words):
        load(name)


def test_help_and_version(capsys):
    for option in ("--help", "--version"):
        done = subprocess.run(
            [sys.executable, "-m", "libperiodic", option], capture_output=True, text=True, check=True
        )
        assert "libperiodic" in done.stdout
