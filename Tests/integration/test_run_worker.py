"""Worker programs: periodic-run and periodic-run-pipe, option by option (PROTOCOL 4.3)."""

from __future__ import annotations

import os
import pathlib
import signal
import subprocess
import time

import pytest

import wire
from conftest import BINARY


def eventually(what, seconds: float = 20):
    """What becomes true of the running programs, within a deadline."""
    deadline = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return found


class Program:
    """A worker program and what it prints."""

    def __init__(self, process: subprocess.Popen[bytes], log: pathlib.Path):
        self.process = process
        self.log = log

    def text(self) -> str:
        return self.log.read_text(errors="replace")

    def await_text(self, text: str) -> None:
        eventually(lambda: text in self.text())


@pytest.fixture
def start(daemon, tmp_path):
    """Starts a worker program under one of its names and waits until the server knows it."""
    started: list[subprocess.Popen[bytes]] = []

    def begin(name: str, *arguments: str, environment: dict[str, str] = {}) -> Program:
        link = tmp_path / name
        if not link.exists():
            link.symlink_to(BINARY.resolve())
        log = tmp_path / f"log-{len(started)}"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [link, "-H", daemon.unix, *arguments],
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **environment},
            )
        started.append(process)
        program = Program(process, log)
        program.await_text("Worker started.\n")
        return program

    yield begin
    for process in started:
        process.kill()
        process.wait()


@pytest.fixture
def client(daemon):
    with wire.Peer2(daemon.unix, timeout=20) as peer:
        yield peer


def run(client: wire.Peer2, name: bytes, workload: bytes = b"", timeout: int = 15) -> bytes:
    """The result of a job of the function `f`."""
    command, result = client.ask(25, wire.job2(b"f", name, workload, timeout=timeout))
    assert command == wire.DATA
    return result


def test_a_program_gets_arguments_name_and_workload(start, client):
    program = start("periodic-run", "f", "sh", "-c", 'echo "$1 $2 $(cat)"', "-x", "--flag")
    assert program.text() == "Worker started.\n"
    assert run(client, b"n", b"hi") == b""
    program.await_text("--flag n hi\n")


def test_data_makes_the_output_the_result(start, client):
    start("periodic-run", "--data", "f", "cat")
    # `cat n` has no such file: the name is an argument.
    assert run(client, b"n", b"hi") == b"failed"
    start("periodic-run", "--data", "--no-name", "f", "cat")
    results = {run(client, b"n%d" % number, b"a\nb") for number in range(2)}
    assert b"a\nb" in results


def test_work_data_speaks_in_lines(start, client, daemon):
    body = "echo WORKDATA one; echo WORKDATA two; echo x; echo WORKDONE the result; echo y"
    start("periodic-run", "--work-data", "--no-name", "f", "sh", "-c", body)
    with wire.Peer2(daemon.unix) as listener:
        message = listener.send(31, wire.job2(b"f", b"n", timeout=15))
        assert listener.receive() == (message, wire.SUCCESS, b"")
        assert run(client, b"n") == b"the result"
        heard = [listener.receive()[2] for _ in range(3)]
        assert heard == [b"one", b"two", b"EOF"]


def test_work_data_without_a_result_gives_the_other_lines(start, client):
    body = "echo x; echo WORKDATA d; printf y"
    start("periodic-run", "--work-data", "--no-name", "f", "sh", "-c", body)
    assert run(client, b"n") == b"x\ny"


@pytest.mark.parametrize("option", [["--timeout", "1"], []])
def test_a_run_over_its_time_is_stopped_with_all_its_processes(start, client, tmp_path, option):
    pids = tmp_path / "pids"
    body = f"sleep 1000 & echo $! >> {pids}; echo $$ >> {pids}; wait"
    program = start("periodic-run", *option, "--no-name", "f", "sh", "-c", body)
    # Without the option the job's own limit counts.
    client.send(25, wire.job2(b"f", b"n", timeout=15 if option else 1))
    program.await_text("it took longer than 1 s")
    for pid in pids.read_text().split():
        eventually(lambda: not pathlib.Path(f"/proc/{pid}/cmdline").exists()
                   or not pathlib.Path(f"/proc/{pid}/cmdline").read_bytes())


def test_a_program_that_ignores_sigterm_is_killed(start, client):
    program = start(
        "periodic-run", "--timeout", "1", "--no-name", "f", "sh", "-c",
        "trap '' TERM; while :; do sleep 0.1; done",
    )
    assert run(client, b"n", timeout=60) == b"failed"
    assert "longer than 1 s" in program.text()


def test_nobody_of_a_stopped_program_stays_behind(start, client, tmp_path):
    pid = tmp_path / "pid"
    stubborn = f"trap '' TERM; echo $$ > {pid}; while :; do sleep 0.1; done"
    start(
        "periodic-run", "--timeout", "1", "--no-name", "f", "sh", "-c",
        f'sh -c "$0" & until [ -s {pid} ]; do sleep 0.02; done; wait', stubborn,
    )
    assert run(client, b"n", timeout=60) == b"failed"
    process = pathlib.Path(f"/proc/{pid.read_text().strip()}/cmdline")
    eventually(lambda: not process.exists() or not process.read_bytes())


def test_a_program_over_its_memory_is_stopped(start, client):
    body = "import time; x = b'a' * (200 << 20); time.sleep(1000)"
    program = start(
        "periodic-run", "--mem-limit", "100m", "--no-name", "f", "python3", "-c", body
    )
    assert run(client, b"n", timeout=60) == b"failed"
    assert "the limit is 104857600" in program.text()


def test_retry_secs_puts_a_failed_job_off(start, client, daemon):
    start("periodic-run", "--retry-secs", "1000", "f", "false")
    assert client.submit(b"f", b"n")
    eventually(lambda: client.status()["f"][4] > time.time() + 900)


def test_skip_fail_counts_a_failed_job_as_done(start, client):
    start("periodic-run", "--skip-fail", "f", "false")
    assert run(client, b"n") == b""


def test_threads_work_at_a_time(start, client, tmp_path):
    go = tmp_path / "go"
    body = f"until [ -e {go} ]; do sleep 0.02; done"
    start("periodic-run", "--threads", "2", "f", "sh", "-c", body)
    start("periodic-run", "f", "sh", "-c", body, environment={"THREAD": "3"})
    for number in range(9):
        assert client.submit(b"f", b"%d" % number)
    eventually(lambda: client.status()["f"][2] == 5)
    go.touch()
    eventually(lambda: client.status()["f"][1] == 0)


def test_a_lock_bounds_how_many_run(start, client, tmp_path):
    go, begun = tmp_path / "go", tmp_path / "begun"
    body = f"echo >> {begun}; until [ -e {go} ]; do sleep 0.02; done"
    start(
        "periodic-run", "--thread", "5", "--lock-name", "L", "--lock-count", "2", "f",
        "sh", "-c", body,
    )
    for number in range(5):
        assert client.submit(b"f", b"%d" % number)
    eventually(lambda: client.status()["f"][3] == 3)
    eventually(lambda: begun.exists() and begun.read_text().count("\n") == 2)
    go.touch()
    eventually(lambda: client.status()["f"][1] == 0)
    assert begun.read_text().count("\n") == 5


def test_broadcast_gives_every_worker_the_job(start, client, tmp_path):
    log = tmp_path / "log"
    for _ in range(3):
        start("periodic-run", "--broadcast", "f", "sh", "-c", f"echo >> {log}")
    eventually(lambda: client.status()["f"][0] == 3)
    assert client.submit(b"f", b"n")
    eventually(lambda: log.exists() and log.read_text().count("\n") == 3)
    eventually(lambda: client.status()["f"][1] == 0)


def test_a_signal_lets_the_running_job_finish_and_takes_no_other(start, client, tmp_path):
    go = tmp_path / "go"
    program = start("periodic-run", "f", "sh", "-c", f"until [ -e {go} ]; do sleep 0.02; done")
    assert client.submit(b"f", b"first") and client.submit(b"f", b"second")
    eventually(lambda: client.status()["f"][2] == 1)
    program.process.send_signal(signal.SIGHUP)
    eventually(lambda: client.status()["f"][0] == 0)
    go.touch()
    assert program.process.wait(timeout=15) == 0
    assert client.status()["f"][1:3] == [1, 0]


def test_a_worker_goes_on_when_the_server_is_back(start, daemon):
    program = start("periodic-run", "--data", "--no-name", "f", "cat")
    daemon.kill()
    program.await_text("trying again")
    daemon.start()
    with wire.Peer2(daemon.unix, timeout=20) as client:
        eventually(lambda: client.status().get("f", [0])[0] == 1)
        assert run(client, b"n", b"hi") == b"hi"


def test_periodic_run_with_exec_takes_the_options_too(daemon, client, tmp_path):
    process = subprocess.Popen(
        [BINARY, "-H", daemon.unix, "run", "-f", "f", "--exec", "cat", "--data", "--no-name",
         "--threads", "2"]
    )
    try:
        eventually(lambda: client.status().get("f", [0])[0] == 1)
        assert run(client, b"n", b"hi") == b"hi"
    finally:
        process.terminate()
        assert process.wait(timeout=15) == 0


PIPE = """
import sys
print("ready", flush=True)
for line in sys.stdin:
    id, text = line.rstrip("\\n").split(" ", 1)
    print("about", text, flush=True)
    if text == "fail":
        print(id, "WORKFAIL", flush=True)
    elif text == "die":
        sys.exit(1)
    elif text == "hang":
        import time; time.sleep(1000)
    elif text == "plain":
        print(id, "just this", flush=True)
    else:
        print(id, "WORKDATA part", flush=True)
        print(id, "WORKDONE", text.upper(), flush=True)
"""


@pytest.fixture
def pipe(tmp_path):
    path = tmp_path / "pipe.py"
    path.write_text(PIPE)
    return ["f", "python3", str(path)]


def test_a_pipe_answers_many_jobs(start, client, daemon, pipe):
    program = start("periodic-run-pipe", *pipe)
    assert program.text().startswith("Pipe Worker started.\n")
    with wire.Peer2(daemon.unix) as listener:
        message = listener.send(31, wire.job2(b"f", b"name", timeout=15))
        assert listener.receive() == (message, wire.SUCCESS, b"")
        assert run(client, b"name") == b"NAME"
        assert [listener.receive()[2] for _ in range(2)] == [b"part", b"EOF"]
    assert run(client, b"plain") == b"just this"
    assert run(client, b"fail") == b"failed"
    assert run(client, b"last") == b"LAST"
    assert "about name\n" in program.text()


def test_a_pipe_gets_the_workload_instead(start, client, pipe):
    program = start("periodic-run-pipe", "--no-name", *pipe)
    assert run(client, b"n", b"the workload") == b"THE WORKLOAD"
    assert run(client, b"n", b"two\nlines") == b"failed"
    assert "more than a line" in program.text()


def test_a_process_of_a_pipe_that_ends_or_hangs_is_started_again(start, client, pipe):
    program = start("periodic-run-pipe", "--timeout", "1", *pipe)
    assert run(client, b"die") == b"failed"
    assert run(client, b"then") == b"THEN"
    assert run(client, b"hang") == b"failed"
    assert run(client, b"again") == b"AGAIN"
    assert "longer than 1 s" in program.text()


def test_a_process_of_a_pipe_must_say_that_it_is_ready(start, client):
    program = start("periodic-run-pipe", "--ready-timeout", "1", "f", "sleep", "1000")
    program.await_text("it did not say that it is ready")


def test_a_pipe_ends_with_its_processes(start, client, pipe):
    program = start("periodic-run-pipe", "--thread", "3", *pipe)
    assert run(client, b"n") == b"N"
    program.process.send_signal(signal.SIGTERM)
    assert program.process.wait(timeout=15) == 0


@pytest.mark.parametrize(
    "name, arguments, text",
    [
        ("periodic-run", ["f"], "FUNC CMD"),
        ("periodic-run", ["--thread", "0", "f", "x"], "--thread 0"),
        ("periodic-run", ["--mem-limit", "1x", "f", "x"], "--mem-limit 1x"),
        ("periodic-run", ["--timeout", "-2", "f", "x"], "--timeout -2"),
        ("periodic-run", ["--nonsense", "f", "x"], "--nonsense"),
        ("periodic-run-pipe", ["--data", "f", "x"], "--data"),
        ("periodic-run-pipe", ["--ready-timeout", "-1", "f", "x"], "--ready-timeout -1"),
        ("periodic-run", ["--lock-count", "0", "f", "x"], "--lock-count 0"),
    ],
)
def test_wrong_usage_is_told(tmp_path, name, arguments, text):
    link = tmp_path / name
    link.symlink_to(BINARY.resolve())
    found = subprocess.run([link, *arguments], capture_output=True, timeout=15, text=True)
    assert found.returncode == 2 and text in found.stderr


def test_timeout_zero_is_never(start, client):
    program = start("periodic-run", "--timeout", "0", "f", "sh", "-c", "sleep 2; echo the end")
    # The server gives the run up after a second, the program goes on to its end all the same.
    assert client.submit(b"f", b"n", timeout=1)
    program.await_text("the end\n")
    assert "longer than" not in program.text()


@pytest.mark.parametrize("command", [["false"], ["/no/such/program"], ["sh", "-c", "kill -9 $$"]])
def test_a_failure_is_one(start, client, command):
    start("periodic-run", "f", *command)
    assert run(client, b"n") == b"failed"


def test_a_second_signal_ends_at_once(start, client, tmp_path):
    pid = tmp_path / "pid"
    program = start("periodic-run", "f", "sh", "-c", f"echo $$ >{pid}; sleep 300")
    assert client.submit(b"f", b"n")
    eventually(lambda: pid.exists() and pid.read_text().endswith("\n"))
    program.process.send_signal(signal.SIGHUP)
    eventually(lambda: client.status()["f"][0] == 0)
    assert program.process.poll() is None
    program.process.send_signal(signal.SIGINT)
    program.process.wait(timeout=10)
    eventually(lambda: not pathlib.Path(f"/proc/{pid.read_text().strip()}/cmdline").exists())
    assert client.status()["f"][1:3] == [1, 0]


def test_a_refused_registration_is_tried_again(make_daemon, tmp_path):
    identities = tmp_path / "identities"
    identities.write_text("admin root secret x\nworker w other f\n")
    daemon = make_daemon("memory:", "--auth-file", str(identities)).start()
    link = tmp_path / "periodic-run"
    link.symlink_to(BINARY.resolve())
    command = [link, "-H", daemon.unix, "--client-name", "w", "--client-token", "token", "f", "true"]
    log = tmp_path / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
    try:
        eventually(lambda: "refuses" in log.read_text())
        identities.write_text("admin root secret x\nworker w token f\n")
        eventually(lambda: "Worker started.\n" in log.read_text())
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 0
    finally:
        process.kill()
        process.wait()


def test_a_pipe_refuses_a_workload_of_several_lines(start, client):
    answer = 'echo ready; while read -r id text; do echo "$id for $text"; done'
    start("periodic-run-pipe", "--no-name", "f", "sh", "-c", answer)
    assert run(client, b"n", b"two\nlines") == b"failed"
    assert run(client, b"n", b"one") == b"for one"


def test_a_result_that_no_frame_holds_is_a_failure(start, client):
    program = start("periodic-run", "--data", "f", "head", "-c", str((64 << 20) - 2), "/dev/zero")
    assert run(client, b"/dev/null", timeout=30) == b"failed"
    assert "Worker started" in program.text()
