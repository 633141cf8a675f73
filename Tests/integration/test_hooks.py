"""Hooks on the built daemon (PROTOCOL 2.12)."""

from __future__ import annotations

import contextlib
import re
import socket
import sqlite3
import struct
import subprocess
import time

import conftest
import pytest
import wire

ACQUIRE, RELEASE = 27, 28
LINE = re.compile(rb"(pushJob|failJob|doneJob|schedLaterJob|acquireLock|releaseLock|removeJob):([^:]*):(\d+\.\d+)")


def handle(function: bytes, name: bytes) -> bytes:
    return wire.str8(function) + wire.str8(name)


def take(worker: wire.Peer2) -> None:
    grab = worker.send(wire.GRAB)
    assert worker.receive() == (grab, wire.SUCCESS, b"")
    assert worker.receive()[1] == wire.ASSIGN
    worker.send(wire.ASSIGNED, message=grab)


def one_of_each(daemon) -> None:
    """Makes every kind of event once or more."""
    with wire.Peer2(daemon.unix) as client, wire.Peer2(daemon.unix, wire.WORKER) as worker:
        worker.ask(wire.CAN_DO, wire.str8(b"f"))
        client.submit(b"f", b"n")
        take(worker)
        lock = wire.str8(b"door") + struct.pack(">H", 1) + handle(b"f", b"n")
        assert worker.ask(ACQUIRE, lock) == (26, b"\1")
        assert worker.ask(RELEASE, wire.str8(b"door") + handle(b"f", b"n"))[0] == wire.SUCCESS
        worker.ask(wire.LATER, handle(b"f", b"n") + struct.pack(">qh", 0, 0))
        take(worker)
        time.sleep(0.3)
        worker.ask(wire.DONE, handle(b"f", b"n"))
        client.submit(b"f", b"bad")
        take(worker)
        worker.ask(wire.FAIL, handle(b"f", b"bad"))
        client.ask(wire.REMOVE, handle(b"f", b"bad"))


EXPECTED = [
    b"pushJob:f", b"acquireLock:door", b"releaseLock:door", b"schedLaterJob:f", b"doneJob:f",
    b"pushJob:f", b"failJob:f", b"removeJob:f",
]


def check(lines: list[bytes]) -> None:
    found = [LINE.fullmatch(line) for line in lines]
    assert all(found), lines
    assert [match[1] + b":" + match[2] for match in found] == EXPECTED
    times = {match[1]: float(match[3]) for match in found}
    # How long the run took, in seconds.
    assert 0.3 <= times[b"doneJob"] < 5 and times[b"pushJob"] == 0


@pytest.fixture
def receiver():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.bind(("127.0.0.1", 0))
        peer.settimeout(10)
        yield peer


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_datagram_for_each_event(make_daemon, receiver, host):
    if host == "localhost" and socket.getaddrinfo(host, 1)[0][0] != socket.AF_INET:
        pytest.skip("localhost is not 127.0.0.1 first")
    port = receiver.getsockname()[1]
    daemon = make_daemon("memory:", "--hook", f"udp://{host}:{port}").start()
    one_of_each(daemon)
    lines = [receiver.recv(2000) for _ in EXPECTED]
    assert all(line.endswith(b"\r\n") for line in lines)
    check([line[:-2] for line in lines])


def test_nobody_who_listens_to_datagrams_harms_nobody(make_daemon, receiver):
    port = receiver.getsockname()[1]
    receiver.close()
    daemon = make_daemon("memory:", f"--hook=udp://127.0.0.1:{port}").start()
    one_of_each(daemon)
    one_of_each(daemon)


def listener(port: int = 0) -> socket.socket:
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind(("127.0.0.1", port))
    made.listen()
    made.settimeout(10)
    return made


def test_lines_over_a_connection_that_is_made_anew(make_daemon):
    first = listener()
    port = first.getsockname()[1]
    daemon = make_daemon("memory:", "--hook", f"tcp://127.0.0.1:{port}").start()
    peer, _ = first.accept()
    peer.settimeout(10)
    one_of_each(daemon)
    with peer, peer.makefile("rb") as lines:
        check([lines.readline()[:-2] for _ in EXPECTED])
    first.close()
    # What happens while nobody listens waits, up to the queue's bound.
    time.sleep(0.2)
    one_of_each(daemon)
    with listener(port) as second:
        peer, _ = second.accept()
        peer.settimeout(10)
        with peer, peer.makefile("rb") as lines:
            check([lines.readline()[:-2] for _ in EXPECTED])
    assert daemon.process.poll() is None


def test_a_receiver_that_does_not_read_holds_up_nobody(make_daemon):
    with listener() as silent:
        port = silent.getsockname()[1]
        environment = {
            "PERIODIC_SOCKET_HOOK_QUEUE_MAX_SIZE": "100",
            "PERIODIC_SOCKET_HOOK_DROP_LOG_EVERY": "100000",
        }
        daemon = make_daemon("memory:", "--hook", f"tcp://127.0.0.1:{port}", wrap=environment).start()
        peer, _ = silent.accept()
        with peer, wire.Peer2(daemon.unix) as client:
            function = b"f" * 255
            frames = b"".join(
                wire.frame2(b"0001" + bytes([wire.SUBMIT]) + wire.job2(function, b"n"))
                for _ in range(5000)
            )
            # Until what the system holds for that receiver is full, and the queue after it.
            end = time.monotonic() + 60
            while b"events dropped" not in daemon.log.read_bytes():
                assert time.monotonic() < end
                client.socket.sendall(frames)
                for _ in range(5000):
                    assert client.receive()[1] == wire.SUCCESS
            assert daemon.log.read_bytes().count(b"events dropped") == 1
            assert b"hook: 1 events dropped, 100 wait" in daemon.log.read_bytes()


def test_persist_keeps_rows_in_the_store(make_daemon, tmp_path):
    path = tmp_path / "s.sqlite"
    daemon = make_daemon(f"file:{path}", "--hook", "persist").start()
    before = int(time.time())
    one_of_each(daemon)
    assert daemon.stop() == 0
    with contextlib.closing(sqlite3.connect(path)) as file:
        rows = file.execute(
            "SELECT event || ':' || name, duration_ms, created_at FROM metrics ORDER BY rowid"
        ).fetchall()
    assert [row[0].encode() for row in rows] == EXPECTED
    assert all(before <= row[2] <= time.time() for row in rows)
    assert 300 <= rows[4][1] < 5000
    # The file is a store like any other, with and without them.
    daemon = make_daemon(f"file:{path}").start()
    one_of_each(daemon)
    assert daemon.stop() == 0
    with contextlib.closing(sqlite3.connect(path)) as file:
        assert file.execute("SELECT count(*) FROM metrics").fetchone() == (len(EXPECTED),)


def test_metrics_beyond_their_bound_are_dropped(make_daemon, tmp_path):
    environment = {"PERIODIC_METRIC_QUEUE_MAX_SIZE": "1", "PERIODIC_METRIC_DROP_LOG_EVERY": "1000000"}
    path = tmp_path / "s.sqlite"
    daemon = make_daemon(f"file:{path}", "--hook", "persist", wrap=environment).start()
    with wire.Peer2(daemon.unix) as client:
        for number in range(2000):
            client.send(wire.SUBMIT, wire.job2(b"f", b"%d" % number))
        assert all(client.receive()[1] == wire.SUCCESS for _ in range(2000))
        assert client.status()["f"][1] == 2000
    assert daemon.stop() == 0
    assert daemon.log.read_bytes().count(b"metrics dropped") == 1
    with contextlib.closing(sqlite3.connect(path)) as file:
        assert 0 < file.execute("SELECT count(*) FROM metrics").fetchone()[0] < 2000


@pytest.mark.parametrize(
    "arguments, status, text",
    [
        (["--hook", "persist"], 1, "there is none"),
        (["--hook", "http://127.0.0.1:1"], 2, "use udp://host:port"),
        (["--hook", "udp://127.0.0.1"], 2, "use udp://host:port"),
        (["--hook", "tcp://127.0.0.1:0"], 2, "use udp://host:port"),
        (["--no-such-option"], 2, "no-such-option"),
        (["--max-cache-size", "many"], 2, "max-cache-size"),
    ],
)
def test_a_daemon_does_not_start_with(tmp_path, arguments, status, text):
    command = [conftest.BINARY, "-d", "-H", f"unix://{tmp_path}/s", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20)
    assert done.returncode == status and text in done.stderr


@pytest.mark.parametrize("equals", [False, True])
def test_the_older_daemons_options_are_taken(make_daemon, tmp_path, equals):
    """PROTOCOL 4.3, in both spellings of a value."""
    options = {
        "--name": "nightly", "--log": "DEBUG", "--max-cache-size": "1000", "--push-task-size": "4",
        "--sched-task-size": "2",
    }
    words = [f"{k}={v}" if equals else [k, v] for k, v in options.items()]
    flat = [w for word in words for w in ([word] if isinstance(word, str) else word)]
    daemon = make_daemon("memory:", *flat).start()
    with open(f"/proc/{daemon.process.pid}/comm") as file:
        assert file.read() == "nightly\n"
    help_text = subprocess.run([conftest.BINARY, "--help"], capture_output=True, text=True).stdout
    assert help_text.count("without effect") == 3
