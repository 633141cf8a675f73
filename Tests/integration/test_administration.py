"""DUMP, LOAD, SHUTDOWN and settings on the built daemon (PROTOCOL 2.9 to 2.11)."""

from __future__ import annotations

import json
import os
import struct
import time

import pytest
import wire

DUMP, LOAD, SHUTDOWN, CONFIG_GET, CONFIG_SET, CONFIG, RUN, RECV_DATA = 18, 19, 20, 22, 23, 24, 25, 31


def job_list(*jobs: bytes) -> bytes:
    return struct.pack(">Q", len(jobs)) + b"".join(jobs)


def names(dump: bytes) -> list[bytes]:
    """The names of the jobs in a generation 2 dump, which must be one to its last byte."""
    (count,) = struct.unpack_from(">Q", dump)
    place, found = 8, []
    for _ in range(count):
        length = dump[place]
        place += 1 + length
        length = dump[place]
        found.append(dump[place + 1 : place + 1 + length])
        place += 1 + length
        (length,) = struct.unpack_from(">I", dump, place)
        place += 4 + length + 8
        place += 1 + {0: 0, 1: 4, 2: 4, 3: 8}[dump[place]]
    assert place == len(dump)
    return found


def dump1(client: wire.Peer1) -> list[list[dict]]:
    """The jobs of each frame of a generation 1 dump, up to its EOF."""
    message = client.send(DUMP)
    frames = []
    while True:
        reply, text = client.receive()
        assert reply == message
        if text == b"EOF":
            return frames
        frames.append(json.loads(text)["jobs"])


# 2.11 SHUTDOWN


@pytest.mark.parametrize("store", ["memory:", "file"])
def test_shutdown_ends_the_daemon_without_a_reply(make_daemon, tmp_path, store):
    daemon = make_daemon(f"file:{tmp_path}/s.sqlite" if store == "file" else store).start()
    with wire.Peer2(daemon.unix) as client, wire.Peer1(daemon.tcp, wire.WORKER) as worker:
        client.send(SHUTDOWN)
        assert client.expect_close() == b""
        assert worker.expect_close() == b""
    assert daemon.process.wait(timeout=10) == 0
    with pytest.raises(OSError):
        wire.connect(daemon.tcp)


def test_what_was_asked_before_a_shutdown_is_stored_and_answered(make_daemon, tmp_path):
    daemon = make_daemon(f"file:{tmp_path}/s.sqlite").start()
    with wire.Peer2(daemon.unix) as client, wire.Peer2(daemon.unix) as other:
        asked = [other.send(wire.SUBMIT, wire.job2(b"f", b"%d" % i)) for i in range(500)]
        assert other.receive() == (asked[0], wire.SUCCESS, b"")
        client.send(wire.SUBMIT, wire.job2(b"f", b"last"))
        client.send(SHUTDOWN)
        assert client.receive()[1] == wire.SUCCESS
        assert client.expect_close() == b""
        answered = 1
        while True:
            try:
                answered += other.receive()[1] == wire.SUCCESS
            except wire.Closed:
                break
    assert daemon.process.wait(timeout=10) == 0
    daemon.start()
    with wire.Peer2(daemon.unix) as client:
        assert client.status()["f"][1] >= answered + 1


def test_a_worker_gets_no_job_once_the_end_was_asked_for(make_daemon, tmp_path):
    daemon = make_daemon(f"file:{tmp_path}/s.sqlite").start()
    with wire.Peer2(daemon.unix) as client, wire.Peer2(daemon.unix, wire.WORKER) as worker:
        worker.ask(wire.CAN_DO, wire.str8(b"f"))
        worker.ask(wire.GRAB)
        submit = wire.frame2(b"0001" + bytes([wire.SUBMIT]) + wire.job2(b"f", b"n"))
        client.socket.sendall(submit + wire.frame2(b"0002" + bytes([SHUTDOWN])))
        assert client.receive() == (b"0001", wire.SUCCESS, b"")
        assert worker.expect_close() == b""
    assert daemon.process.wait(timeout=10) == 0
    daemon.start()
    with wire.Peer2(daemon.unix) as client:
        assert client.status()["f"][1:3] == [1, 0]


# 2.10 DUMP and LOAD


def test_a_dump_loads_into_another_server(make_daemon):
    first, second = make_daemon().start(), make_daemon().start()
    with wire.Peer2(first.unix) as client:
        for number in range(300):
            workload = bytes([number % 256]) * number
            client.submit(b"f", b"n%d" % number, workload=workload, at=2_000_000_000, timeout=number)
        command, dump = client.ask(DUMP)
    assert command == wire.DATA
    assert sorted(names(dump)) == sorted(b"n%d" % number for number in range(300))
    with wire.Peer2(second.unix) as client:
        assert client.ask(LOAD, dump) == (wire.SUCCESS, b"")
        assert client.status()["f"][1] == 300
        command, again = client.ask(DUMP)
        assert sorted(names(again)) == sorted(names(dump)) and len(again) == len(dump)


def test_an_empty_server_dumps_an_empty_list(daemon):
    with wire.Peer2(daemon.unix) as client, wire.Peer1(daemon.unix) as older:
        assert client.ask(DUMP) == (wire.DATA, bytes(8))
        assert client.ask(LOAD, bytes(8)) == (wire.SUCCESS, b"")
        assert dump1(older) == []


def test_generation_1_dumps_a_hundred_jobs_a_frame(daemon):
    with wire.Peer2(daemon.unix) as client, wire.Peer1(daemon.unix) as older:
        for number in range(250):
            client.submit(b"f", b"n%d" % number, workload=b"\xff")
        frames = dump1(older)
        assert [len(frame) for frame in frames] == [100, 100, 50]
        job = frames[0][0]
        assert list(job) == [
            "job_id", "name", "func", "workload", "timeout", "sched_at", "run_at", "status",
        ]
        assert job["status"] == "ready" and job["workload"] == "\ufffd"
        assert older.ask(wire.PING) == bytes([wire.PONG])


def test_a_running_job_is_dumped_too(daemon):
    with wire.Peer2(daemon.unix) as client, wire.Peer1(daemon.unix, wire.WORKER) as worker:
        with wire.Peer1(daemon.unix) as older:
            client.submit(b"f", b"n")
            worker.send(wire.CAN_DO, b"f")
            worker.grab()
            assert dump1(older)[0][0]["status"] == "processing"
            assert names(client.ask(DUMP)[1]) == [b"n"]


def test_a_long_dump_waits_for_its_reader_and_holds_up_nobody(make_daemon):
    daemon = make_daemon().start()
    with wire.Peer2(daemon.unix) as client, wire.Peer1(daemon.unix) as older:
        for number in range(1200):
            client.submit(b"f", b"n%d" % number, workload=b"x" * 50_000)
        before = daemon.resident()
        message = older.send(DUMP)
        older.send(wire.PING)
        time.sleep(1)
        # 60 MB are to be written; what waits for this reader is about a megabyte.
        assert daemon.resident() < before + (20 << 20)
        assert client.ask(wire.PING)[0] == wire.PONG
        count = 0
        while (received := older.receive())[1] != b"EOF":
            assert received[0] == message
            count += len(json.loads(received[1])["jobs"])
        assert count == 1200
        assert older.receive()[1] == bytes([wire.PONG])


def test_a_dump_over_the_frame_limit_is_refused(make_daemon):
    daemon = make_daemon().start()
    with wire.Peer2(daemon.unix, timeout=60) as client:
        for number in range(17):
            client.submit(b"f", b"n%d" % number, workload=b"x" * (4 << 20))
        assert client.ask(DUMP) == (wire.UNKNOWN, b"")
        assert client.ask(wire.PING)[0] == wire.PONG


def test_a_broken_list_closes_and_keeps_nothing(daemon):
    whole = job_list(*(wire.job2(b"f", b"n%d" % number) for number in range(2000)))
    with wire.Peer2(daemon.unix) as client:
        for broken in (whole + b"\0", whole[:-1], struct.pack(">Q", 2001) + whole[8:]):
            with wire.Peer2(daemon.unix) as bad:
                bad.send(LOAD, broken)
                assert bad.expect_close() == b""
        assert client.status() == {}


def test_bad_json_closes_and_keeps_nothing(daemon):
    jobs = ",".join('{"func":"f","name":"n%d"}' % number for number in range(2000))
    with wire.Peer2(daemon.unix) as client:
        for broken in ('{"jobs":[%s,{"func":1}]}', '{"jobs":[%s]', '{"jobs":[%s]}x', '[%s]'):
            with wire.Peer1(daemon.unix) as bad:
                bad.send(LOAD, (broken % jobs).encode())
                assert bad.expect_close() == b""
        assert client.status() == {}


def test_generation_1_loads_without_a_reply_and_skips_what_has_no_name(daemon):
    jobs = [{"func": "f", "name": "n%d" % number, "workload": str(number)} for number in range(2000)]
    jobs += [{"func": "f"}, {"name": "n"}, {"func": "", "name": "n"}]
    with wire.Peer1(daemon.unix) as client:
        client.send(LOAD, json.dumps({"jobs": jobs}).encode())
        assert client.ask(wire.STATUS) == b"f,0,2000,0\n"
        # Each is itself, under an id of its own; not copies of the last one.
        found = [job for frame in dump1(client) for job in frame]
        assert len({job["job_id"] for job in found}) == 2000
        assert all(job["name"] == "n" + job["workload"] for job in found)


def test_a_job_that_is_refused_leaves_the_others(daemon):
    good = [wire.job2(b"f", b"a"), wire.job2(b"f", b"b")]
    with wire.Peer2(daemon.unix) as client:
        refused = job_list(good[0], wire.job2(b"f", b""), good[1])
        assert client.ask(LOAD, refused) == (wire.UNKNOWN, b"")
        assert client.status()["f"][1] == 2


def test_what_follows_a_load_waits_for_it(make_daemon, tmp_path):
    daemon = make_daemon(f"file:{tmp_path}/s.sqlite").start()
    count = int(os.environ.get("PERIODIC_LOAD_JOBS", 50_000))
    jobs = job_list(*(wire.job2(b"f", b"n%d" % number) for number in range(count)))
    with wire.Peer2(daemon.unix, timeout=60) as client, wire.Peer2(daemon.unix) as other:
        load = client.send(LOAD, jobs)
        status = client.send(wire.STATUS)
        longest = 0.0
        for _ in range(20):
            start = time.monotonic()
            assert other.ask(wire.PING)[0] == wire.PONG
            longest = max(longest, time.monotonic() - start)
        assert longest < 1
        assert client.receive() == (load, wire.SUCCESS, b"")
        message, _, text = client.receive()
        assert message == status and text.startswith(b"f,0,%d," % count)
    # The reply came when all of it was durable.
    daemon.kill()
    daemon.start()
    with wire.Peer2(daemon.unix) as client:
        assert client.status()["f"][1] == count


# 2.9 settings


def test_settings_are_clamped_and_kept(make_daemon, tmp_path):
    daemon = make_daemon(f"file:{tmp_path}/s.sqlite").start()

    def get(client: wire.Peer2, key: bytes) -> int:
        command, value = client.ask(CONFIG_GET, wire.str8(key))
        assert command == CONFIG
        return struct.unpack(">I", value)[0]

    def put(client: wire.Peer2, key: bytes, value: int) -> None:
        arguments = wire.str8(key) + struct.pack(">I", value)
        assert client.ask(CONFIG_SET, arguments) == (wire.SUCCESS, b"")

    with wire.Peer2(daemon.unix) as client:
        assert get(client, b"timeout") == 600 and get(client, b"poll-interval") == 0
        put(client, b"timeout", 77)
        put(client, b"max-pool-size", 0)
        put(client, b"poll-interval", 5)
        assert get(client, b"max-pool-size") == 1 and get(client, b"poll-interval") == 0
    daemon.kill()
    daemon.start()
    with wire.Peer2(daemon.unix) as client:
        assert get(client, b"timeout") == 77


def test_a_shorter_keepalive_takes_effect_at_once(daemon):
    with wire.Peer2(daemon.unix) as client, wire.Peer1(daemon.unix) as older:
        client.ask(CONFIG_SET, wire.str8(b"keepalive") + struct.pack(">I", 1))
        start = time.monotonic()
        assert client.expect_close() == b""
        assert 0.9 <= time.monotonic() - start < 5
        # Generation 1 does not ping (PROTOCOL 2.4).
        assert older.ask(wire.PING) == bytes([wire.PONG])


@pytest.mark.parametrize("option", ["--idle-timeout=2", "--timeout=2", "-timeout=2"])
def test_silence_may_end_generation_1_connections(make_daemon, option):
    """PROTOCOL 2.4: the older daemon's --timeout, as idle time."""
    daemon = make_daemon("memory:", option).start()
    with wire.Peer1(daemon.unix) as silent, wire.Peer1(daemon.unix) as busy, wire.Peer2(daemon.unix) as other:
        for _ in range(8):
            time.sleep(0.5)
            assert busy.ask(wire.PING) == bytes([wire.PONG])
        silent.socket.settimeout(0.1)
        assert silent.expect_close() == b""
        assert other.ask(wire.PING)[0] == wire.PONG


# 1.7 errors in an established stream


def test_what_was_wrong_with_a_peers_bytes_is_logged_but_no_flood_of_it(daemon):
    with wire.Peer2(daemon.unix) as bad:
        bad.socket.sendall(wire.frame2(b"0001" + bytes([wire.PING])).replace(b"0001", b"0002"))
        assert bad.expect_close() == b""
    end = time.monotonic() + 5
    while b"checksum is wrong" not in daemon.log.read_bytes():
        assert time.monotonic() < end
    for _ in range(200):
        with wire.connect(daemon.tcp) as bad:
            bad.sendall(b"nonsense")
    time.sleep(1.1)
    with wire.connect(daemon.tcp) as bad:
        bad.sendall(b"nonsense")
        bad.recv(1)
    time.sleep(0.2)
    log = daemon.log.read_bytes()
    assert log.count(b"speaks no protocol") < 100 and b"more like it before" in log
