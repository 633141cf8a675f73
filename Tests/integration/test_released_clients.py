"""Clients of the ecosystem as PyPI has them, each in an environment of its own, unchanged.

Any client's job on any generation's worker (PROTOCOL 2.13); what a client's interface has not is
asked by raw frames.
"""

from __future__ import annotations

import struct
import time

import pytest
import wire
from conftest import Daemon
from players import SECOND, VERSIONS, Player, Refused, Stage

RUN, BROADCAST, CONFIG_GET, CONFIG_SET, CONFIG, RECV_DATA, WORK_DATA = 25, 21, 22, 23, 24, 31, 32


@pytest.fixture(scope="module")
def theatre(tmp_path_factory):
    directory = tmp_path_factory.mktemp("released")
    daemon = Daemon(directory).start()
    stage = Stage(daemon, directory)
    yield stage
    stage.close()
    daemon.close()


@pytest.fixture
def stage(theatre):
    yield theatre
    theatre.close_others()


@pytest.fixture
def raw(stage):
    """A generation 2 client that looks on."""
    with wire.Peer2(stage.daemon.unix, timeout=20) as peer:
        yield peer


def await_status(raw: wire.Peer2, function: str, *fields: int, seconds: float = 20) -> None:
    """Until workers, jobs, processing (and locked) are so; asks as fast as it is answered."""
    deadline = time.monotonic() + seconds
    while (found := tuple(raw.status().get(function, [])[: len(fields)])) != fields:
        assert time.monotonic() < deadline, f"{function}: {found}, not {fields}"


def job_list(*jobs: bytes) -> bytes:
    return struct.pack(">Q", len(jobs)) + b"".join(jobs)


# Every client with every worker (2.2, 2.4, 2.13)


@pytest.mark.parametrize("worker", VERSIONS)
@pytest.mark.parametrize("client", VERSIONS)
def test_any_clients_jobs_run_on_any_worker(stage, raw, client, worker):
    client, worker, function = stage.client(client), stage.worker(worker), stage.function()
    worker.ask("can_do", func=function)
    await_status(raw, function, 1, 0, 0)
    for name, workload in [("well", "done"), ("again", "fail"), ("step", "later 1 2")]:
        assert client.ask("submit", func=function, name=name, workload=workload) is True
    ended = {worker.event("done", func=function)["name"] for _ in range(3)}
    assert ended == {"well", "again", "step"}
    await_status(raw, function, 1, 0, 0)
    worker.ask("cannot_do", func=function)
    await_status(raw, function, 0, 0, 0)
    assert client.ask("drop", func=function) is True
    assert function not in raw.status()


@pytest.mark.parametrize("worker", SECOND)
def test_sched_later_counts_its_steps(stage, raw, worker):
    worker, function = stage.worker(worker), stage.function()
    worker.ask("can_do", func=function)
    await_status(raw, function, 1, 0, 0)
    assert raw.submit(function.encode(), b"n", workload=b"later 1 2", count=3)
    assert worker.event("run", func=function)["count"] == 3
    later = worker.event("run", func=function)
    assert later["count"] == 5
    worker.event("done", func=function)


@pytest.mark.parametrize("worker", VERSIONS)
@pytest.mark.parametrize("client", SECOND)
def test_run_job_brings_the_result(stage, raw, client, worker):
    client, worker, function = stage.client(client), stage.worker(worker), stage.function()
    with pytest.raises(Refused, match="no worker"):
        client.ask("run", func=function, name="n", workload="done ok")
    worker.ask("can_do", func=function)
    await_status(raw, function, 1, 0, 0)
    # 0.1.6 has no result to give: the answer is empty (2.5).
    result = "" if worker.version == "0.1.6" else "ok"
    runs = [
        client.begin("run", func=function, name=how, workload=workload, timeout=10)
        for how, workload in [("well", "done ok"), ("fail", "fail"), ("later", "later 1 0")]
    ]
    assert [client.result(run) for run in runs] == [result, "failed", "failed"]
    await_status(raw, function, 1, 0, 0)


@pytest.mark.parametrize("client", SECOND)
def test_a_generation_1_workers_data_is_the_result(stage, client):
    client, function = stage.client(client), stage.function()
    with wire.Peer1(stage.daemon.unix, wire.WORKER) as worker:
        worker.send(wire.CAN_DO, function.encode())
        assert worker.ask(wire.PING) == bytes([wire.PONG])
        run = client.begin("run", func=function, name="n", workload="hi", timeout=10)
        handle, job = worker.grab()
        assert job["workload"] == "hi"
        worker.send(wire.DONE, handle + wire.SEPARATOR + b"the" + wire.SEPARATOR + b"result")
        assert client.result(run) == "the\0\1result"


@pytest.mark.parametrize("client", SECOND)
def test_run_job_says_in_time_that_it_expired(stage, raw, client):
    client, function = stage.client(client), stage.function()
    with wire.Peer2(stage.daemon.unix, wire.WORKER) as worker:
        worker.ask(wire.CAN_DO, wire.str8(function.encode()))
        before = time.monotonic()
        # 1.0.0 itself gives up after the job's time; the answer must not come later (2.5).
        run = client.begin("run", func=function, name="n", timeout=2)
        try:
            assert client.result(run) == "expired"
        except Refused as own:
            assert client.version == "1.0.0" and "TimeoutError" in str(own)
        assert 1.9 < time.monotonic() - before < 3.1
        await_status(raw, function, 1, 0, 0)


@pytest.mark.parametrize("worker", VERSIONS)
def test_a_worker_says_what_it_cannot_do_any_more(stage, raw, worker):
    worker, function = stage.worker(worker), stage.function()
    worker.ask("can_do", func=function)
    await_status(raw, function, 1, 0, 0)
    worker.ask("cannot_do", func=function)
    await_status(raw, function, 0, 0, 0)
    assert raw.ask(RUN, wire.job2(function.encode(), b"n"))[0] == wire.NO_WORKER


# Data streams (2.5)


def test_a_stream_of_data_between_released_ends(stage):
    client, worker, function = stage.client("1.0.0"), stage.worker("1.0.0"), stage.function()
    worker.ask("can_do", func=function)
    run = client.begin("stream", func=function, name="n", workload="data a b c")
    worker.event("run", func=function)
    for part in "abc":
        # 1.0.0 drops a reply that comes while another waits: each ping is answered behind one.
        assert client.ask("ping") is True
        worker.ask("go", name="n")
        worker.event("sent", func=function, part=part)
    assert client.ask("ping") is True
    worker.ask("go", name="n")
    parts, result = client.result(run)
    assert parts == ["a", "b", "c"] and result in ("a b c", None)


def test_a_stream_of_data_is_whole_and_in_order(stage, raw):
    worker, function = stage.worker("1.0.0"), stage.function()
    worker.ask("can_do", func=function)
    key = wire.job2(function.encode(), b"n", timeout=20)
    listener = raw.send(RECV_DATA, key)
    assert raw.receive() == (listener, wire.SUCCESS, b"")
    runner = raw.send(RUN, wire.job2(function.encode(), b"n", b"data a b c", timeout=20))
    worker.event("run", func=function)
    for part in "abc":
        worker.ask("go", name="n")
        worker.event("sent", func=function, part=part)
    worker.ask("go", name="n")
    parts = [(listener, wire.DATA, part) for part in (b"a", b"b", b"c", b"EOF")]
    assert [raw.receive() for _ in range(5)] == parts + [(runner, wire.DATA, b"a b c")]


def test_a_raw_workers_data_reaches_a_released_client(stage):
    client, function = stage.client("1.0.0"), stage.function()
    key = wire.str8(function.encode()) + wire.str8(b"n")
    with wire.Peer2(stage.daemon.unix, wire.WORKER) as worker:
        worker.ask(wire.CAN_DO, wire.str8(function.encode()))
        run = client.begin("stream", func=function, name="n", workload="w")
        worker.ask(wire.GRAB)
        message, command, _ = worker.receive()
        assert command == wire.ASSIGN
        worker.send(wire.ASSIGNED, message=message)
        # 1.0.0 drops a reply that comes while another waits: each ping is answered behind one.
        assert client.ask("ping") is True
        assert worker.ask(WORK_DATA, key + b"part")[0] == wire.SUCCESS
        assert client.ask("ping") is True
        assert worker.ask(wire.DONE, key + b"end")[0] == wire.SUCCESS
        parts, result = client.result(run)
        assert parts == ["part"] and result in ("end", None)


# Locks (2.6), broadcast (2.3)


def test_a_lock_never_has_more_holders_than_allowed(stage, raw):
    function, workers = stage.function(), [stage.worker(version) for version in SECOND]
    for worker in workers:
        worker.ask("can_do", func=function)
    await_status(raw, function, 3, 0, 0)
    for number in range(12):
        assert raw.submit(function.encode(), b"%d" % number, workload=b"lock L 2")
    await_status(raw, function, 3, 0, 0, 0)
    events = [event for worker in workers for event in worker.so_far(function)]
    changes = [event for event in events if event["event"] in ("enter", "leave")]
    holders, most = 0, 0
    for change in sorted(changes, key=lambda event: event["time"]):
        holders += 1 if change["event"] == "enter" else -1
        most = max(most, holders)
    assert (holders, len(changes), most) == (0, 24, 2)


@pytest.mark.parametrize("client", VERSIONS)
def test_a_broadcast_reaches_every_worker(stage, raw, client):
    """Those of generation 1, which cannot say BROADCAST, are receivers like the others (2.13)."""
    client, function = stage.client(client), stage.function()
    workers = [stage.another(version) for version in VERSIONS]
    for worker in workers:
        worker.ask("broadcast" if worker.version in SECOND else "can_do", func=function)
    await_status(raw, function, 4, 0, 0)
    # It goes to those that wait at that moment, so all must: each has a job of its own first.
    for worker in workers:
        own = stage.function()
        worker.ask("can_do", func=own)
        assert raw.ask(RUN, wire.job2(own.encode(), b"n", b"done", timeout=20))[0] == wire.DATA
    assert client.ask("submit", func=function, name="n", workload="done") is True
    assert [worker.event("run", func=function)["name"] for worker in workers] == ["n"] * 4
    await_status(raw, function, 4, 0, 0)


# Losses and resubmission (2.2, 2.4)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_lost_workers_job_goes_to_another(stage, raw, version):
    function, lost = stage.function(), stage.another(version)
    lost.ask("can_do", func=function)
    await_status(raw, function, 1, 0, 0)
    assert raw.submit(function.encode(), b"n", workload=b"hold")
    lost.event("run", func=function)
    lost.kill()
    await_status(raw, function, 0, 1, 0)
    # 1.0.0 fails a job that comes before it has noted the reply to its CAN_DO; 0.2.8 does not wait.
    heir = stage.worker("0.2.8")
    heir.ask("can_do", func=function)
    heir.event("run", func=function, name="n")
    heir.ask("go", name="n")
    await_status(raw, function, 1, 0, 0)


@pytest.mark.parametrize("client", VERSIONS)
def test_a_job_that_waits_is_replaced_and_one_that_runs_is_not(stage, raw, client):
    client, worker, function = stage.client(client), stage.worker("1.0.0"), stage.function()
    later = int(time.time()) + 3600
    worker.ask("can_do", func=function)
    assert client.ask("submit", func=function, name="n", workload="done", at=later) is True
    assert client.ask("submit", func=function, name="n", workload="hold") is True
    assert worker.event("run", func=function)["workload"] == "hold"
    assert client.ask("submit", func=function, name="n", workload="done") is True
    worker.ask("go", name="n")
    worker.event("done", func=function)
    await_status(raw, function, 1, 0, 0)
    # Nothing else runs: the next job of the function is the next that the worker sees.
    assert client.ask("submit", func=function, name="last", workload="done") is True
    assert worker.event("run", func=function)["name"] == "last"


# Asking and telling (2.7 to 2.10)


@pytest.mark.parametrize("client", VERSIONS)
def test_status_remove_and_drop(stage, raw, client):
    client, function = stage.client(client), stage.function()
    later = int(time.time()) + 3600
    for name in ("a", "b"):
        assert client.ask("submit", func=function, name=name, at=later) is True
    shown = client.ask("status")[function]
    assert (shown["worker_count"], shown["job_count"], shown["processing"]) == (0, 2, 0)
    # The 0.2 clients take the fifth field, which is `locked`, for the time (2.7).
    expected = {"1.0.0": later, "0.2.8": 0, "0.2.1": 0, "0.1.6": None}
    assert shown.get("sched_at") == expected[client.version]
    if client.version in SECOND:
        assert client.ask("remove", func=function, name="a") is True
        assert client.ask("remove", func=function, name="never was") is True
        assert client.ask("status")[function]["job_count"] == 1
    assert client.ask("ping") is True
    assert client.ask("drop", func=function) is True
    assert function not in raw.status()


@pytest.mark.parametrize("client", VERSIONS)
def test_two_hundred_requests_without_waiting(stage, raw, client):
    client, function = stage.client(client), stage.function()
    assert client.ask("submit_many", func=function, count=200) == 200
    assert raw.status()[function][:3] == [0, 200, 0]
    assert client.ask("drop", func=function) is True


@pytest.mark.parametrize("client", VERSIONS)
def test_a_job_without_a_name_is_not_taken(stage, raw, client):
    function = stage.function()
    assert stage.client(client).ask("submit", func=function, name="") is False
    assert function not in raw.status()


def test_what_no_released_client_asks(stage, raw):
    function = stage.function().encode()
    assert raw.ask(CONFIG_GET, wire.str8(b"no-such-key")) == (CONFIG, struct.pack(">I", 0))
    assert raw.ask(CONFIG_GET, wire.str8(b"timeout")) == (CONFIG, struct.pack(">I", 600))
    assert raw.ask(CONFIG_SET, wire.str8(b"timeout") + struct.pack(">I", 900))[0] == wire.SUCCESS
    with wire.Peer2(stage.daemon.unix, wire.WORKER) as worker:
        worker.ask(wire.CAN_DO, wire.str8(function))
        worker.ask(wire.GRAB)
        raw.submit(function, b"n")
        assert worker.receive()[2].endswith(struct.pack(">Bi", 2, 900))
    assert raw.ask(CONFIG_SET, wire.str8(b"timeout") + struct.pack(">I", 600))[0] == wire.SUCCESS
    raw.ask(wire.REMOVE, wire.str8(function) + wire.str8(b"n"))


@pytest.mark.parametrize("worker", VERSIONS)
def test_a_dump_is_loaded_and_run(stage, raw, worker):
    """DUMP, and LOAD into the same server: a worker of any version runs what came (2.10)."""
    function, other = stage.function(), stage.function()
    later = int(time.time()) + 3600
    raw.submit(function.encode(), b"n", workload=b"done", at=later)
    command, dump = raw.ask(18)
    assert command == wire.DATA and wire.job2(function.encode(), b"n", b"done", later) in dump
    assert raw.ask(wire.REMOVE, wire.str8(function.encode()) + wire.str8(b"n"))[0] == wire.SUCCESS
    worker = stage.worker(worker)
    for name in (function, other):
        worker.ask("can_do", func=name)
        await_status(raw, name, 1, 0, 0)
    jobs = [wire.job2(name.encode(), b"n", b"done") for name in (function, other)]
    assert raw.ask(19, job_list(*jobs))[0] == wire.SUCCESS
    missing = {function, other}
    while missing:
        missing.discard(worker.event("done")["func"])
    for name in (function, other):
        await_status(raw, name, 1, 0, 0)


# Identities (1.4): no released client says who it is by itself


@pytest.mark.parametrize("version", VERSIONS)
def test_without_an_identity_nothing_is_allowed(make_daemon, tmp_path, version):
    rules = tmp_path / "identities"
    rules.write_text("admin root token any\n")
    guarded = make_daemon("memory:", "--auth-file", str(rules)).start()
    stage = Stage(guarded, tmp_path)
    try:
        client = stage.client(version)
        assert client.ask("submit", func="f", name="n") is False
        assert client.ask("drop", func="f") is False
        if version in SECOND:
            assert client.ask("remove", func="f", name="n") is False
            with pytest.raises(Refused, match="no worker"):
                client.ask("run", func="f", name="n")
    finally:
        stage.close()


def test_with_an_identity_what_it_may_is_allowed(make_daemon, tmp_path):
    rules = tmp_path / "identities"
    rules.write_text("client ann a-token f,g\nworker wes w-token f\n")
    guarded = make_daemon("memory:", "--auth-file", str(rules)).start()
    cast = {
        who: Player("1.0.0", "client", guarded.tcp, tmp_path / f"{who}.log", who)
        for who in ("ann:a-token", "ann:wrong", "wes:w-token")
    }
    worker = Player("1.0.0", "worker", guarded.tcp, tmp_path / "worker.log", "wes:w-token")
    try:
        worker.ask("start", size=1)
        assert worker.ask("can_do", func="f") is True
        assert worker.ask("can_do", func="g") is False
        for who, answer in [("ann:a-token", True), ("ann:wrong", False), ("wes:w-token", False)]:
            assert cast[who].ask("submit", func="f", name=who, workload="done") is answer
            assert cast[who].ask("submit", func="h", name=who) is False
        assert worker.event("done")["name"] == "ann:a-token"
        assert list(cast["ann:a-token"].ask("status")) == ["f"]
    finally:
        for player in [worker, *cast.values()]:
            player.close()
