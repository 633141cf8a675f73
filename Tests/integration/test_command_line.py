"""The command line as a person types it, against the built daemon."""

from __future__ import annotations

import json
import os
import pathlib
import signal
import subprocess
import time

import pytest

import wire
from conftest import BINARY


def periodic(*arguments: str, address: str | None = None, stdin: bytes = b""):
    environment = {name: os.environ[name] for name in os.environ if name != "PERIODIC_PORT"}
    if address:
        environment["PERIODIC_PORT"] = address
    return subprocess.run(
        [BINARY, *arguments], input=stdin, capture_output=True, env=environment, timeout=30
    )


def stored(daemon) -> dict[str, list[int]]:
    with wire.Peer2(daemon.unix) as peer:
        return peer.status()


def take(daemon, function: bytes) -> tuple[bytes, bytes]:
    """Name and workload of the function's next job, which is done then."""
    with wire.Peer2(daemon.unix, wire.WORKER) as worker:
        worker.ask(wire.CAN_DO, wire.str8(function))
        message = worker.send(wire.GRAB)
        assert worker.receive() == (message, wire.SUCCESS, b"")
        _, command, job = worker.receive()
        assert command == wire.ASSIGN
        worker.send(wire.ASSIGNED, message=message)
        name_length = job[1 + job[0]]
        name = job[2 + job[0] : 2 + job[0] + name_length]
        rest = job[2 + job[0] + name_length :]
        length = int.from_bytes(rest[:4], "big")
        worker.ask(wire.DONE, job[: 2 + job[0] + name_length])
        return name, rest[4 : 4 + length]


def test_submit_in_both_forms(daemon, tmp_path):
    run = periodic("submit", "-f", "f", "-n", "one", "--args", "-w", address=daemon.unix)
    assert (run.returncode, run.stdout) == (0, b"SUCCESS\n"), run.stderr
    assert take(daemon, b"f") == (b"one", b"-w")
    file = tmp_path / "workload"
    file.write_bytes(b"\0\xff")
    for given, stdin in ((f"@{file}", b""), ("-", b"\0\xff")):
        run = periodic("-H", daemon.tcp, "submit", "f", "two", "-w", given, stdin=stdin)
        assert (run.returncode, run.stdout) == (0, b""), run.stderr
        assert take(daemon, b"f") == (b"two", b"\0\xff")


def test_go_flags(daemon):
    run = periodic("-H", daemon.unix, "submit", "-f=f", "-n=n", "-sched_later=60")
    assert (run.returncode, run.stdout) == (0, b"SUCCESS\n"), run.stderr
    assert stored(daemon)["f"][1] == 1


def test_status_remove_drop_and_ping(daemon):
    periodic("submit", "f", "n", "--later", "60", address=daemon.unix)
    status = periodic("status", address=daemon.unix).stdout.decode().splitlines()
    assert status[0].split() == ["FUNCTIONS", "WORKERS", "JOBS", "PROCESSING", "LOCKED", "SCHEDAT"]
    assert status[1].split()[:5] == ["f", "0", "1", "0", "0"]
    assert periodic("remove", "-f", "f", "-n", "n", address=daemon.unix).stdout == b"SUCCESS\n"
    assert stored(daemon)["f"][1] == 0
    assert periodic("drop", "f", address=daemon.unix).stdout == b""
    assert stored(daemon) == {}
    assert periodic("ping", address=daemon.unix).stdout == b"PONG\n"


@pytest.mark.parametrize(
    "arguments, status, text",
    [
        (["submit"], 2, b"function and a name"),
        (["submit", "f", "n", "--later", "9223372036854775807"], 2, b"--later"),
        (["submit", "f", "x" * 256], 2, b"256"),
        (["nonsense"], 2, b"nonsense"),
        (["run", "-f", "f"], 2, b"exec"),
        (["-H", "ftp://x", "ping"], 1, b"ftp://x"),
        (["-H", "tcp://127.0.0.1:1", "ping"], 1, b"refused"),
        (["submit", "f", "n", "-w", "@/no/such/file"], 1, b"/no/such/file"),
        (["-d", "--driver", "redis"], 1, b"file:"),
        (["-d", "--store", "file:/no/such/directory/x"], 1, b"/no/such/directory"),
    ],
)
def test_errors_name_what_was_wrong(arguments, status, text):
    run = periodic(*arguments)
    assert run.returncode == status and text in run.stderr and run.stdout == b""


def test_run_prints_data_and_result(daemon):
    """PROTOCOL 4.3."""
    with wire.Peer2(daemon.unix, wire.WORKER) as worker:
        worker.ask(wire.CAN_DO, wire.str8(b"f"))
        worker.send(wire.GRAB)
        assert worker.receive()[1] == wire.SUCCESS
        run = subprocess.Popen(
            [BINARY, "-H", daemon.unix, "run", "f", "n", "-w", "hi"], stdout=subprocess.PIPE
        )
        message, command, _ = worker.receive()
        assert command == wire.ASSIGN
        worker.send(wire.ASSIGNED, message=message)
        handle = wire.str8(b"f") + wire.str8(b"n")
        worker.ask(wire.WORK_DATA, handle + b"one")
        worker.ask(wire.WORK_DATA, handle + b"\xff")
        worker.ask(wire.DONE, handle + b"the result")
        assert run.communicate(timeout=15)[0] == b"Data: one\nData: \xff\nResult: the result\n"
        assert run.returncode == 0
        worker.send(wire.GRAB)
        assert worker.receive()[1] == wire.SUCCESS
        run = subprocess.Popen(
            [BINARY, "-H", daemon.unix, "run", "f", "n", "--json"], stdout=subprocess.PIPE
        )
        message, _, _ = worker.receive()
        worker.send(wire.ASSIGNED, message=message)
        worker.ask(wire.WORK_DATA, handle + b"\xff")
        worker.ask(wire.FAIL, handle)
        said = run.communicate(timeout=15)[0]
        assert said == b'{"data_base64":"/w=="}\n{"result":"failed"}\n'
        assert run.returncode == 1


def test_run_and_recv_without_a_worker_fail(daemon):
    run = periodic("run", "f", "n", address=daemon.unix)
    assert (run.returncode, run.stdout) == (1, b"Error: Run job failed\n")
    recv = periodic("recv", "f", "n", address=daemon.unix)
    assert recv.returncode == 1 and b"NO_WORKER" in recv.stderr


def test_settings_are_read_and_changed(daemon):
    assert periodic("config", "get", "timeout", address=daemon.unix).stdout == b"600\n"
    run = periodic("config", "set", "timeout", "30", address=daemon.unix)
    assert (run.returncode, run.stdout) == (0, b"")
    run = periodic("config", "get", "timeout", "--json", address=daemon.unix)
    assert run.stdout == b'{"key":"timeout","value":30}\n'
    assert periodic("config", "get", "nonsense", address=daemon.unix).stdout == b"0\n"
    assert periodic("config", "set", "timeout", "-1", address=daemon.unix).returncode == 2


@pytest.mark.parametrize(
    "form, dump, load",
    [
        ("gen1", ["-o", "FILE"], ["-i", "FILE"]),
        ("gen2", ["FILE"], ["FILE"]),
        ("jsonl", ["FILE", "--format", "jsonl"], ["FILE"]),
    ],
)
def test_a_dump_of_each_form_is_loaded_back(daemon, tmp_path, form, dump, load):
    """PROTOCOL 2.10 and 4.3."""
    file = tmp_path / "jobs"
    with wire.Peer2(daemon.unix) as peer:
        for number in range(250):
            assert peer.submit(b"g", b"n%d" % number, workload=b"<%d>" % number, at=4_000_000_000)
    run = periodic("dump", *[str(file) if a == "FILE" else a for a in dump], address=daemon.unix)
    assert (run.returncode, run.stdout, run.stderr) == (0, b"", b"")
    content = file.read_bytes()
    if form == "gen1":
        length = int.from_bytes(content[:4], "big")
        jobs = json.loads(content[4 : 4 + length])["jobs"]
        assert len(jobs) == 100 and set(jobs[0]) >= {"func", "name", "workload", "sched_at"}
    elif form == "gen2":
        assert int.from_bytes(content[:8], "big") == 250
    else:
        assert sorted(json.loads(line)["name"] for line in content.splitlines())[0] == "n0"
    assert periodic("drop", "g", address=daemon.unix).returncode == 0
    run = periodic("load", *[str(file) if a == "FILE" else a for a in load], address=daemon.unix)
    assert (run.returncode, run.stdout, run.stderr) == (0, b"", b"")
    assert stored(daemon)["g"][1] == 250
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith("jobs")] == ["jobs"]


def test_bytes_that_are_no_text_are_dumped_or_refused_but_never_changed(daemon, tmp_path):
    file = tmp_path / "jobs"
    with wire.Peer2(daemon.unix) as peer:
        assert peer.submit(b"f", b"\xfe", workload=b"\0\xff", at=4_000_000_000)
    run = periodic("dump", "-o", str(file), address=daemon.unix)
    assert run.returncode == 1 and b"no text" in run.stderr and not file.exists()
    run = periodic("dump", "-", "--format", "jsonl", address=daemon.unix)
    assert json.loads(run.stdout)["workload_base64"] == "AP8="
    periodic("drop", "f", address=daemon.unix)
    assert periodic("load", "-", address=daemon.unix, stdin=run.stdout).returncode == 0
    again = periodic("dump", "-", "--format", "jsonl", address=daemon.unix)
    assert again.stdout == run.stdout


@pytest.mark.parametrize(
    "content", [b"garbage", b"\0\0\0\0\0\0\0\x05\x01", b'{"func":"f"}\n', b'\0\0\0\x09{"jobs":[']
)
def test_a_file_that_holds_no_jobs_is_refused_as_a_whole(daemon, content):
    run = periodic("load", "-", address=daemon.unix, stdin=content)
    assert run.returncode == 1 and run.stderr and stored(daemon) == {}


def test_the_version_is_told_in_each_spelling():
    """PROTOCOL 4.1."""
    said = {periodic(flag).stdout for flag in ("-v", "-version", "--version")}
    assert len(said) == 1 and said.pop().count(b".") == 2


def test_status_as_json(daemon):
    periodic("submit", "f", "n", "--later", "60", address=daemon.unix)
    line = json.loads(periodic("status", "--json", address=daemon.unix).stdout)
    assert {**line, "sched_at": 0} == {
        "function": "f", "workers": 0, "jobs": 1, "processing": 0, "locked": 0, "sched_at": 0
    }


def test_shutdown_ends_the_daemon(daemon):
    assert periodic("shutdown", address=daemon.unix).returncode == 0
    assert daemon.process.wait(timeout=15) == 0


def test_half_an_identity_and_a_foreign_transport_are_refused():
    for arguments in (["--client-name", "x"], ["--rsa-private-path", "key.pem"]):
        assert periodic("ping", *arguments).returncode == 2


@pytest.fixture
def script(tmp_path, daemon):
    """Runs a worker with a script for the function `f`; its log is the returned path."""
    started: list[subprocess.Popen[bytes]] = []

    def start(body: str, *fixed: str) -> pathlib.Path:
        path = tmp_path / "script.sh"
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)
        log = tmp_path / "worker.log"
        command = " ".join([str(path), *fixed])
        with log.open("wb") as output:
            started.append(
                subprocess.Popen(
                    [BINARY, "-H", daemon.unix, "run", "-f", "f", "--exec", command],
                    stdout=output,
                    stderr=subprocess.STDOUT,
                )
            )
        return log

    start.processes = started
    yield start
    for process in started:
        process.kill()
        process.wait()


def await_line(log: pathlib.Path, line: str, seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while line not in log.read_text():
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.02)


def await_jobs(daemon, count: int, seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while stored(daemon).get("f", [0, 0])[1] != count:
        assert time.monotonic() < deadline, stored(daemon)
        time.sleep(0.02)


def test_a_script_gets_name_and_workload_and_is_done(daemon, script):
    log = script('echo "$# $1 $2 $3 $(cat)"', "a", "b")
    periodic("submit", "f", "the name", "-w", "hello", address=daemon.unix)
    await_line(log, "3 a b the name hello")
    await_jobs(daemon, 0)


def test_a_script_that_says_sched_later_runs_again(daemon, script):
    log = script("date +run-%s\necho SCHED_LATER 1")
    periodic("submit", "f", "n", address=daemon.unix)
    deadline = time.monotonic() + 15
    while len(log.read_text().split()) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert "SCHED_LATER" not in log.read_text()


@pytest.mark.parametrize("body", ["exit 3", "echo FAIL", "kill -9 $$", "echo SCHED_LATER 60; exit 1"])
def test_a_script_that_fails_comes_again_after_a_second(daemon, script, tmp_path, body):
    mark = tmp_path / "failed-once"
    log = script(f"if [ -e {mark} ]; then echo again; else touch {mark}; {body}; fi")
    periodic("submit", "f", "n", address=daemon.unix)
    await_line(log, "again")
    await_jobs(daemon, 0)


def test_a_script_that_cannot_be_started_fails_the_job(daemon, script, tmp_path):
    log = script("exit 0")
    (tmp_path / "script.sh").unlink()
    periodic("submit", "f", "n", address=daemon.unix)
    await_line(log, "no such file")
    assert stored(daemon)["f"][1] == 1


def test_a_worker_finishes_its_job_when_asked_to_end(daemon, script, tmp_path):
    mark = tmp_path / "go-on"
    log = script(f"echo started; until [ -e {mark} ]; do sleep 0.02; done; echo finished")
    periodic("submit", "f", "n", address=daemon.unix)
    deadline = time.monotonic() + 15
    while stored(daemon)["f"][2] != 1:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process = script.processes[0]
    process.send_signal(signal.SIGTERM)
    mark.touch()
    assert process.wait(timeout=15) == 0
    assert "finished" in log.read_text()
    assert stored(daemon)["f"][1] == 0


def test_a_worker_comes_back_to_a_restarted_daemon(daemon, script):
    log = script('echo "ran $1"')
    periodic("submit", "f", "before", address=daemon.unix)
    await_line(log, "ran before")
    daemon.kill()
    daemon.start()
    periodic("submit", "f", "after", address=daemon.unix)
    await_line(log, "ran after")


def test_the_daemon_ends_well_and_takes_its_socket_with_it(daemon):
    assert daemon.stop() == 0
    assert not os.path.exists(daemon.unix.removeprefix("unix://"))


def test_a_dead_socket_file_is_taken_over_and_a_live_one_is_not(daemon):
    daemon.kill()
    assert os.path.exists(daemon.unix.removeprefix("unix://"))
    daemon.start()
    second = periodic("-d", "-H", daemon.unix, "--store", "memory:")
    assert second.returncode == 1 and b"another server answers" in second.stderr
    with wire.Peer2(daemon.unix) as peer:
        assert peer.ask(wire.PING)[0] == wire.PONG


def test_periodicd_is_the_daemon(tmp_path):
    link = tmp_path / "periodicd"
    link.symlink_to(BINARY.resolve())
    process = subprocess.Popen(
        [link, "-H", f"unix://{tmp_path}/s", "-p", ":memory:"], stderr=subprocess.PIPE
    )
    for line in process.stderr:
        if b"ready" in line:
            break
    process.terminate()
    assert process.wait(timeout=15) == 0


def test_a_script_gets_a_name_that_is_no_text(daemon, script):
    log = script('printf %s "$1" | od -An -tx1')
    with wire.Peer2(daemon.unix) as peer:
        assert peer.submit(b"f", b"\xff\xfe-name")
    await_line(log, "ff fe 2d 6e")
