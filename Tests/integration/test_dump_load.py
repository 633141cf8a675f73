"""Files of jobs with a JSON object a line: sorted, of any size, resumable. The number of jobs is
PERIODIC_DUMP_JOBS, 40,000 by itself."""

from __future__ import annotations

import base64
import json
import os
import pathlib
import random
import re
import signal
import socket
import subprocess
import threading
import time

import pytest

import wire
from conftest import BINARY
from http_peer import Peer, keep, request

JOBS = int(os.environ.get("PERIODIC_DUMP_JOBS", "40000"))
LATER = 4_000_000_000


def start(daemon, *arguments, **more) -> subprocess.Popen:
    environment = dict(os.environ, PERIODIC_PORT=getattr(daemon, "unix", daemon))
    return subprocess.Popen(
        [BINARY, *map(str, arguments)], env=environment, stderr=subprocess.PIPE,
        stdout=subprocess.PIPE, **more,
    )


def periodic(daemon, *arguments, stdin: bytes | None = None) -> tuple[int, bytes, str]:
    process = start(daemon, *arguments, stdin=subprocess.PIPE if stdin is not None else None)
    out, error = process.communicate(stdin, timeout=600)
    return process.returncode, out, error.decode()


def text(key: str, value: bytes, line: dict) -> None:
    try:
        line[key] = value.decode()
    except UnicodeDecodeError:
        line[key + "_base64"] = base64.b64encode(value).decode()


def job(number: int) -> dict:
    """A job with every field; names and workloads of any bytes among them."""
    line: dict = {}
    text("func", b"\xfef\0" if number % 11 == 0 else b"f%d" % (number % 7), line)
    text("name", b"\xff\0\n%d" % number if number % 10 == 0 else b"n\"%d" % number, line)
    text("workload", b"\0\xfe" * 30 if number % 5 == 0 else b"x" * 100, line)
    line["sched_at"] = LATER + number % 1000
    if number % 3 == 0:
        line["timeout"] = 30 + number % 9
    if number % 4 == 1:
        line["count"] = 1 + number % 5
    return line


def fields(line: bytes) -> tuple:
    found = json.loads(line)
    value = lambda key: (
        found[key].encode() if key in found else base64.b64decode(found[key + "_base64"])
    )
    return (
        value("func"), value("name"), value("workload"), found["sched_at"],
        found.get("timeout", 0), found.get("count", 0),
    )


def lines(count: int, seed: int = 1) -> bytes:
    numbers = list(range(count))
    random.Random(seed).shuffle(numbers)
    return b"".join(json.dumps(job(number)).encode() + b"\n" for number in numbers)


def jobs_of(daemon) -> int:
    with wire.Peer2(daemon.unix) as peer:
        _, status = peer.ask(wire.STATUS)
        return sum(int(row.rsplit(b",", 4)[1]) for row in status.split(b"\n") if row)


def test_many_jobs_come_back_sorted_with_every_field_whatever_their_order(make_daemon, tmp_path):
    loaded = lines(JOBS)
    (tmp_path / "in").write_bytes(loaded)
    first = make_daemon().start()
    status, out, error = periodic(first, "load", tmp_path / "in", "--json")
    assert (status, error) == (0, "")
    assert json.loads(out)["jobs"] == json.loads(out)["lines"] == JOBS
    # A megabyte of memory: the lines go through the temporary file.
    process = start(first, "dump", tmp_path / "a", "--format", "jsonl", "--sort-memory", "1")
    peak = highest_memory(process)
    assert (process.returncode, process.stderr.read(), process.stdout.read()) == (0, b"", b"")
    assert peak < 64 << 20, f"{peak} bytes for {JOBS} jobs"
    dumped = (tmp_path / "a").read_bytes()
    expected = sorted(fields(line) for line in loaded.splitlines())
    assert [fields(line) for line in dumped.splitlines()] == expected

    second = make_daemon(f"file:{tmp_path / 'store'}").start()
    process = start(second, "load", "-", stdin=subprocess.PIPE)
    threading.Thread(target=feed, args=(process, lines(JOBS, seed=2)), daemon=True).start()
    peak = highest_memory(process)
    assert (process.returncode, process.stderr.read()) == (0, b"")
    assert peak < 96 << 20, f"{peak} bytes for {JOBS} jobs"
    assert periodic(second, "dump", tmp_path / "b", "--format", "jsonl")[0] == 0
    assert (tmp_path / "b").read_bytes() == dumped
    left = {path.name for path in tmp_path.iterdir() if path.is_file()}
    assert {name for name in left if not name.startswith("store")} == {"in", "a", "b"}


def test_a_bad_line_is_named_and_what_stands_before_it_is_loaded(daemon):
    content = b"".join(json.dumps(job(n)).encode() + b"\n" for n in (1, 2))
    content += b"\n{\"func\":\"f\"}\nnonsense\n" + json.dumps(job(3)).encode()
    status, _, error = periodic(daemon, "load", "-", stdin=content)
    assert status == 1 and "line 4: name has 0 bytes" in error and "--from-line 4" in error
    assert jobs_of(daemon) == 2
    status, out, error = periodic(daemon, "load", "-", "--skip-bad", "--json", stdin=content)
    assert status == 0 and "line 4:" in error and "line 5:" in error
    assert {**json.loads(out), "milliseconds": 0} == {
        "jobs": 3, "lines": 6, "skipped": 2, "milliseconds": 0
    }
    assert jobs_of(daemon) == 3


def test_an_interrupted_load_tells_where_to_go_on(daemon, tmp_path):
    content = lines(20_000)
    half = len(content) // 2
    process = start(daemon, "load", "-", stdin=subprocess.PIPE)
    process.stdin.write(content[:half])
    process.stdin.flush()
    deadline = time.monotonic() + 30
    while jobs_of(daemon) == 0 and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    process.stdin.close()
    error = process.stderr.read().decode()
    assert process.wait(timeout=30) == 1 and "interrupted" in error
    next_line = int(re.search(r"--from-line (\d+)", error)[1])
    assert jobs_of(daemon) == next_line - 1 > 0
    status, out, error = periodic(
        daemon, "load", "-", "--from-line", next_line, "--json", stdin=content
    )
    assert (status, error) == (0, "") and json.loads(out)["jobs"] == 20_001 - next_line
    assert jobs_of(daemon) == 20_000


def test_a_load_that_lost_its_server_goes_on_at_the_next(make_daemon, tmp_path):
    content = lines(50_000)
    daemon = make_daemon(f"file:{tmp_path / 'store'}").start()
    process = start(daemon, "load", "-", stdin=subprocess.PIPE)
    threading.Thread(target=feed, args=(process, content), daemon=True).start()
    deadline = time.monotonic() + 30
    while jobs_of(daemon) < 10_000 and time.monotonic() < deadline:
        time.sleep(0.05)
    daemon.kill()
    error = process.stderr.read().decode()
    assert process.wait(timeout=30) == 1
    next_line = int(re.search(r"--from-line (\d+)", error)[1])
    daemon.start()
    assert jobs_of(daemon) >= next_line - 1
    assert periodic(daemon, "load", "-", "--from-line", next_line, stdin=content)[0] == 0
    assert jobs_of(daemon) == 50_000


def highest_memory(process: subprocess.Popen) -> int:
    """Waits for the end; the most memory in bytes, but for its last hundredths of a second. What
    wait4 tells would be at least the memory of this process, from which it was forked."""
    most = 0
    while process.poll() is None:
        status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
        found = re.search(r"VmHWM:\s+(\d+) kB", status)
        most = max(most, int(found[1]) << 10 if found else 0)
        time.sleep(0.01)
    assert most > 0
    return most


def feed(process: subprocess.Popen, content: bytes) -> None:
    try:
        process.stdin.write(content)
        process.stdin.close()
    except BrokenPipeError:
        pass


class HalfServer:
    """Answers a dump with one whole line, and then closes, or says nothing more."""

    def __init__(self, closes: bool):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"tcp://127.0.0.1:{self.listener.getsockname()[1]}"
        self.closes = closes
        self.said = threading.Event()
        threading.Thread(target=self.run, daemon=True).start()

    def run(self) -> None:
        self.connection, _ = self.listener.accept()
        self.connection.recv(65536)
        line = json.dumps(job(1)).encode() + b"\n"
        self.connection.sendall(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n" % (len(line), line)
        )
        if self.closes:
            self.connection.close()
        self.said.set()


def test_a_dump_that_is_cut_short_leaves_nothing(tmp_path):
    server = HalfServer(closes=True)
    (tmp_path / "jobs").write_text("as it was")
    status, _, error = periodic(server.address, "dump", tmp_path / "jobs", "--format", "jsonl")
    assert status == 1 and "before it was whole" in error
    assert [path.name for path in tmp_path.iterdir()] == ["jobs"]
    assert (tmp_path / "jobs").read_text() == "as it was"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_dump_that_is_interrupted_leaves_nothing(tmp_path, number):
    server = HalfServer(closes=False)
    process = start(server.address, "dump", tmp_path / "jobs", "--format", "jsonl")
    assert server.said.wait(30)
    assert [path.name for path in tmp_path.iterdir()] == ["jobs.part"]
    status, _, error = periodic(server.address, "dump", tmp_path / "jobs", "--format", "jsonl")
    assert status == 1 and "another dump" in error
    process.send_signal(number)
    assert process.wait(timeout=30) == -number
    assert list(tmp_path.iterdir()) == []


def chunked(peer: Peer) -> bytes:
    body = b""
    while size := int(peer.line(), 16):
        body += peer.exactly(size)
        assert peer.line() == ""
    assert peer.line() == ""
    return body


def test_the_route_answers_in_chunks_and_keeps_the_connection(daemon):
    with wire.Peer2(daemon.unix) as peer:
        for number in range(2000):
            assert peer.submit(b"f", b"n%d" % number, workload=b"w" * 100, at=LATER)
    with Peer(daemon.tcp) as peer:
        peer.send(keep("/periodic/dump") + keep("/periodic/dump/", None, "HEAD"))
        peer.send(request("/periodic/ready"))
        answer = peer.receive()
        assert answer.header("Transfer-Encoding") == "chunked"
        found = chunked(peer).splitlines()
        assert len({json.loads(line)["name"] for line in found}) == len(found) == 2000
        assert peer.receive("HEAD").status == 200
        assert peer.receive().status == 200
        assert peer.expect_close() == b""
    with Peer(daemon.tcp) as peer:
        peer.send(request("/periodic/dump", version="1.0"))
        assert peer.receive().header("Transfer-Encoding") is None
        assert len(peer.expect_close().splitlines()) == 2000


def test_the_route_is_for_who_may_dump(make_daemon, tmp_path):
    (tmp_path / "rules").write_text("admin root r-token any\nclient ann a-token f\n")
    daemon = make_daemon("memory:", "--auth-file", str(tmp_path / "rules")).start()
    status, _, error = periodic(daemon, "dump", "-", "--format", "jsonl")
    assert status == 1 and "401" in error
    root = ["--client-name", "root", "--client-token", "r-token"]
    ann = ["--client-name", "ann", "--client-token", "a-token"]
    content = json.dumps(job(1)).encode() + b"\n"
    assert periodic(daemon, "load", "-", *root, stdin=content)[0] == 0
    status, out, _ = periodic(daemon, "dump", "-", "--format", "jsonl", *root)
    assert status == 0 and fields(out) == fields(content)
    status, _, error = periodic(daemon, "dump", "-", "--format", "jsonl", *ann)
    assert status == 1 and "403" in error
