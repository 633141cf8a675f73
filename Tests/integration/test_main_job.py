"""A job's life over both generations and HTTP, on the built daemon."""

from __future__ import annotations

import json
import struct
import time
import urllib.request

import wire


def handle(function: bytes, name: bytes) -> bytes:
    return wire.str8(function) + wire.str8(name)


def take(worker: wire.Peer2) -> tuple[bytes, bytes]:
    """Grabs a job, confirms it, and returns its message id and the job's bytes."""
    message = worker.send(wire.GRAB)
    assert worker.receive() == (message, wire.SUCCESS, b"")
    message, command, job = worker.receive()
    assert command == wire.ASSIGN
    worker.send(wire.ASSIGNED, message=message)
    return message, job


def test_submit_run_done(daemon):
    with wire.Peer2(daemon.unix) as client, wire.Peer2(daemon.tcp, wire.WORKER) as worker:
        assert worker.ask(wire.CAN_DO, wire.str8(b"f"))[0] == wire.SUCCESS
        assert client.submit(b"f", b"n", workload=b"hi")
        _, job = take(worker)
        assert job.startswith(handle(b"f", b"n") + b"\0\0\0\2hi")
        assert client.status()["f"][:3] == [1, 1, 1]
        assert worker.ask(wire.DONE, handle(b"f", b"n"))[0] == wire.SUCCESS
        assert client.status()["f"][:3] == [1, 0, 0]


def test_sched_later_counts_and_comes_again(daemon):
    with wire.Peer2(daemon.unix) as client, wire.Peer2(daemon.unix, wire.WORKER) as worker:
        worker.ask(wire.CAN_DO, wire.str8(b"f"))
        client.submit(b"f", b"n")
        take(worker)
        arguments = handle(b"f", b"n") + struct.pack(">qh", 1, 3)
        before = time.time()
        assert worker.ask(wire.LATER, arguments)[0] == wire.SUCCESS
        _, job = take(worker)
        assert 1.0 <= time.time() - before + 0.01
        assert job.endswith(struct.pack(">Bii", 3, 3, 600))


def test_the_memory_of_large_workloads_goes_back(daemon):
    with wire.Peer2(daemon.unix, timeout=60) as client:
        before = daemon.resident()
        for name in [b"one", b"two"]:
            client.submit(b"f", name, workload=b"x" * (60 << 20))
            assert daemon.resident() > before + (60 << 20)
            assert client.ask(wire.REMOVE, handle(b"f", name))[0] == wire.SUCCESS
        # Pages of the last one are kept for a second.
        end = time.monotonic() + 20
        while daemon.resident() > before + (8 << 20):
            assert time.monotonic() < end
            time.sleep(0.02)


def test_a_delayed_job_does_not_run_before_its_time(daemon):
    with wire.Peer2(daemon.unix) as client, wire.Peer2(daemon.unix, wire.WORKER) as worker:
        worker.ask(wire.CAN_DO, wire.str8(b"f"))
        due = int(time.time()) + 2
        client.submit(b"f", b"n", at=due)
        take(worker)
        assert due <= time.time() < due + 1


def test_a_lost_worker_gives_its_job_back(daemon):
    with wire.Peer2(daemon.unix) as client, wire.Peer2(daemon.unix, wire.WORKER) as other:
        with wire.Peer2(daemon.unix, wire.WORKER) as worker:
            worker.ask(wire.CAN_DO, wire.str8(b"f"))
            client.submit(b"f", b"n")
            take(worker)
        other.ask(wire.CAN_DO, wire.str8(b"f"))
        take(other)


def test_generations_mix(daemon):
    with wire.Peer1(daemon.unix) as client, wire.Peer2(daemon.unix, wire.WORKER) as worker:
        worker.ask(wire.CAN_DO, wire.str8(b"f"))
        assert client.submit("f", "one", workload="w") == bytes([wire.SUCCESS])
        _, job = take(worker)
        assert job.startswith(handle(b"f", b"one") + b"\0\0\0\1w")
        worker.ask(wire.DONE, handle(b"f", b"one"))
    with wire.Peer2(daemon.unix) as client, wire.Peer1(daemon.unix, wire.WORKER) as worker:
        worker.send(wire.CAN_DO, b"g")
        client.submit(b"g", b"two", workload=b"\xff")
        number, job = worker.grab()
        assert (job["func"], job["name"], job["workload"]) == ("g", "two", "\ufffd")
        worker.send(wire.DONE, number)
        assert worker.ask(wire.PING) == bytes([wire.PONG])
        assert client.status()["g"][:3] == [1, 0, 0]


def test_http_submits_and_shows(daemon):
    url = f"http://127.0.0.1:{daemon.port}"
    body = b"name=n&args=hello&timeout=5"
    with urllib.request.urlopen(f"{url}/web", data=body) as reply:
        assert reply.read() == b'{"msg": "SUCCESS"}'
    with urllib.request.urlopen(url) as reply:
        assert reply.headers["Content-Type"] == "application/json; charset=utf-8"
        shown = json.loads(reply.read())
    expected = {"func_name": "web", "total_worker": 0, "total_job": 1, "processing": 0}
    assert shown == {"web": expected}
    with wire.Peer2(daemon.unix) as client:
        assert client.ask(wire.DROP, wire.str8(b"web"))[0] == wire.SUCCESS
        assert client.status() == {}


def test_a_report_with_an_old_name_or_number_changes_nothing(make_daemon, tmp_path):
    store = f"file:{tmp_path}/jobs.sqlite"
    daemon = make_daemon(store).start()
    with wire.Peer1(daemon.unix) as client, wire.Peer1(daemon.unix, wire.WORKER) as worker:
        worker.send(wire.CAN_DO, b"f")
        client.submit("f", "n")
        old, _ = worker.grab()
        worker.send(wire.DONE, old)
        assert worker.ask(wire.PING) == bytes([wire.PONG])
        # DONE has no reply in generation 1; this one comes when everything before it is durable.
        assert client.ask(wire.DROP, b"nothing") == bytes([wire.SUCCESS])
    daemon.kill()
    daemon.start()
    with wire.Peer2(daemon.unix) as client, wire.Peer1(daemon.unix, wire.WORKER) as one:
        with wire.Peer2(daemon.unix, wire.WORKER) as two:
            assert client.submit(b"f", b"n")
            one.send(wire.DONE, old)
            assert one.ask(wire.PING) == bytes([wire.PONG])
            assert two.ask(wire.DONE, handle(b"f", b"n"))[0] == wire.SUCCESS
            assert client.status()["f"][1] == 1
        with wire.Peer1(daemon.unix, wire.WORKER) as worker:
            worker.send(wire.CAN_DO, b"f")
            number, _ = worker.grab()
            assert int(number) > int(old)
