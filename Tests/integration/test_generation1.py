"""The rules of generation 1 that its released clients depend on."""

from __future__ import annotations

import json
import pathlib
import struct
import subprocess
import time

import pytest
import wire

DUMP, LOAD = 18, 19


@pytest.fixture(scope="module")
def recorder(tmp_path_factory) -> pathlib.Path:
    library = tmp_path_factory.mktemp("sends") / "sends.so"
    source = pathlib.Path(__file__).with_name("sends.c")
    subprocess.run(["cc", "-O1", "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
    return library


def frame1(payload: bytes) -> bytes:
    return wire.REQUEST + struct.pack(">I", len(payload)) + payload


def mangled(payload: bytes) -> bytes:
    """A frame as aio-periodic 0.1.6 writes it: the length bytes as UTF-8 characters."""
    length = "".join(chr(byte) for byte in struct.pack(">I", len(payload)))
    return wire.REQUEST + length.encode() + payload


def test_each_frame_leaves_with_one_system_call(make_daemon, tmp_path, recorder):
    """PROTOCOL 1.3: 0.1.6 reads a frame as if it came in one piece."""
    log = tmp_path / "sends"
    wrap = {"LD_PRELOAD": str(recorder), "SENDS_LOG": str(log)}
    daemon = make_daemon("memory:", wrap=wrap).start()
    with wire.Peer1(daemon.unix) as peer:
        requests = [b"%d" % number + wire.SEPARATOR for number in range(100, 150)]
        peer.socket.sendall(b"".join(frame1(request + bytes([wire.PING])) for request in requests))
        for _ in requests:
            assert peer.receive()[1] == bytes([wire.PONG])
        peer.submit("f", "n", workload="w" * 200_000)
        assert peer.ask(DUMP).startswith(b'{"jobs":[{"job_id":')
        assert peer.receive()[1] == b"EOF"
    assert daemon.stop() == 0
    sends = [line.split() for line in log.read_text().splitlines()]
    assert len(sends) >= 53
    for _, count, _, first in sends:
        if bytes.fromhex(first).startswith(wire.RESPONSE):
            assert int(count) == 8 + int(first[8:16], 16), "a whole frame, and nothing else"
    whole = [line for line in sends if line[1] == line[2]]
    assert len(whole) >= 52, "all small frames are taken at once"


@pytest.mark.parametrize("size", [127, 128, 191, 192, 200, 255, 256, 383, 384, 511, 33_000])
def test_a_header_written_as_text_is_mended(daemon, size):
    """PROTOCOL 1.3, for payloads that have a length byte from 0x80 on."""
    with wire.Peer1(daemon.unix) as peer:
        start = b"100" + wire.SEPARATOR + bytes([wire.SUBMIT]) + wire.SEPARATOR
        job = json.dumps({"func": "f", "name": "n", "workload": ""}).encode()
        padding = b"x" * (size - len(start) - len(job))
        payload = start + job.replace(b'""', b'"' + padding + b'"')
        assert len(payload) == size
        peer.socket.sendall(mangled(payload))
        assert peer.receive() == (b"100", bytes([wire.SUCCESS]))
        assert peer.ask(wire.PING) == bytes([wire.PONG])


def test_commands_without_a_reply_have_none(daemon):
    """PROTOCOL 2.1: 0.1.6 has forgotten the id, and its read loop dies of a reply."""
    silent = [
        (wire.CAN_DO, b"f"),
        (wire.CANT_DO, b"f"),
        (wire.CAN_DO, b"f"),
        (wire.DONE, b"77"),
        (wire.DONE, b"77" + wire.SEPARATOR + b"result"),
        (wire.DONE, b"no number"),
        (wire.FAIL, b"77"),
        (wire.LATER, b"77" + wire.SEPARATOR + b"5"),
        (wire.GRAB, None),
        (wire.SUCCESS, None),
    ]
    with wire.Peer1(daemon.unix, wire.WORKER) as worker:
        for command, data in silent:
            worker.send(command, data)
        assert worker.ask(wire.PING) == bytes([wire.PONG])
        assert worker.ask(wire.SLEEP) == bytes([wire.NOOP])
    with wire.Peer1(daemon.unix) as client:
        client.send(LOAD, b'{"jobs":[{"func":"f","name":"n"},{"func":"","name":"n"}]}')
        assert client.ask(wire.STATUS) == b"f,0,1,0\n"


def test_each_role_has_its_own_commands(daemon):
    """PROTOCOL 1.4: UNKNOWN in both wrong directions."""
    with wire.Peer1(daemon.unix, wire.WORKER) as worker, wire.Peer1(daemon.unix) as client:
        unknown = bytes([wire.UNKNOWN])
        for command in (wire.STATUS, wire.DROP, wire.REMOVE, DUMP, 20, 34, 99):
            assert worker.ask(command, b"f").startswith(unknown)
        assert worker.submit("f", "n").startswith(unknown)
        assert client.ask(wire.GRAB) == unknown
        for command in (20, 21, 25, 99):
            assert client.ask(command) == unknown


def test_a_job_that_is_not_there_cannot_be_removed(daemon):
    """PROTOCOL 2.8: UNKNOWN and a text, under the request's id."""
    with wire.Peer1(daemon.unix) as client:
        reply = client.ask(wire.REMOVE, b'{"func":"f","name":"n"}')
        assert reply == bytes([wire.UNKNOWN]) + wire.SEPARATOR + b"no job"
        assert client.submit("f", "n") == bytes([wire.SUCCESS])
        assert client.ask(wire.REMOVE, b'{"func":"f","name":"n"}') == bytes([wire.SUCCESS])


def test_a_dump_comes_in_chunks_and_is_loaded_again(daemon):
    """PROTOCOL 2.10: up to 100 jobs a frame, then EOF; LOAD takes each chunk."""
    with wire.Peer1(daemon.unix) as client:
        later = int(time.time()) + 3600
        for number in range(250):
            fields = {"workload": f"<{number}>&\u2028", "timeout": 5, "sched_at": later}
            client.submit("f", f"job {number}", **fields)
        client.send(DUMP)
        chunks = []
        while (chunk := client.receive()[1]) != b"EOF":
            chunks.append(chunk)
        jobs = [json.loads(chunk)["jobs"] for chunk in chunks]
        assert [len(part) for part in jobs] == [100, 100, 50]
        assert b"\\u003c0\\u003e\\u0026\\u2028" in chunks[0]
        keys = ["job_id", "name", "func", "workload", "timeout", "sched_at", "run_at", "status"]
        assert list(jobs[0][0]) == keys
        assert client.ask(wire.DROP, b"f") == bytes([wire.SUCCESS])
        for chunk in chunks:
            client.send(LOAD, chunk)
        assert client.ask(wire.STATUS) == b"f,0,250,0\n"
        client.send(DUMP)
        again = [json.loads(client.receive()[1])["jobs"] for _ in range(3)]

        def without_id(parts):
            keys = ("name", "workload", "sched_at")
            return sorted([job[key] for key in keys] for part in parts for job in part)

        assert without_id(again) == without_id(jobs)


def test_handles_are_job_ids_and_stay_over_a_restart(make_daemon, tmp_path):
    """PROTOCOL 2.1, 2.13: decimal, the same at each hand-out, never given to another job."""
    daemon = make_daemon(f"file:{tmp_path}/jobs.sqlite").start()
    with wire.Peer2(daemon.unix) as client:
        assert client.submit(b"f", b"of generation 2", workload=b"\xff")
    with wire.Peer1(daemon.unix, wire.WORKER) as worker:
        worker.send(wire.CAN_DO, b"f")
        handle, job = worker.grab()
        assert (int(handle), job["status"]) == (job["job_id"], "ready")
        worker.send(wire.LATER, handle + wire.SEPARATOR + b"0")
        again, later = worker.grab()
        assert again == handle and later["run_at"] >= job["run_at"]
    daemon.kill()
    daemon.start()
    with wire.Peer1(daemon.unix, wire.WORKER) as worker:
        worker.send(wire.CAN_DO, b"f")
        last, _ = worker.grab()
        assert last == handle
        worker.send(wire.DONE, last)
        with wire.Peer1(daemon.unix) as client:
            assert client.submit("f", "another") == bytes([wire.SUCCESS])
        fresh, _ = worker.grab()
        assert int(fresh) > int(handle)
