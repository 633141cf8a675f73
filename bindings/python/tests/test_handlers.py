"""What a handler's end means, in both workers."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

import libperiodic
from libperiodic import AsyncWorker, Client, Handlers, Later, Loop, Server, Worker


@pytest.fixture
def virtual():
    with Loop() as loop:
        loop.set_virtual_clock(1_700_000_000)
        with Server(loop=loop) as server, Client(server, loop=loop) as client:
            with Worker(server, loop=loop, concurrency=8) as worker:
                yield loop, client, worker


def known(client, count=1) -> None:
    """Waits until the server knows so many functions."""
    while len(client.status()) < count:
        pass


RESULTS = [
    (None, b""),
    (b"bytes", b"bytes"),
    ("text ü", "text ü".encode()),
    (bytearray(b"array"), b"array"),
    (memoryview(b"view"), b"view"),
    ({"a": 1}, b'{"a":1}'),
    ([1, 2], b"[1,2]"),
    (7, b"7"),
    (False, b"false"),
]


@pytest.mark.parametrize("value, result", RESULTS)
def test_what_a_handler_returns_is_the_result(virtual, value, result):
    _, client, worker = virtual
    worker.func("f")(lambda job: value)
    known(client)
    run = client.start_run("f", "n")
    assert worker.run_pending() == 1
    assert run.result(timeout=1) == result


def test_an_exception_fails_the_job_and_is_logged(virtual, caplog):
    loop, client, worker = virtual
    tries = []

    @worker.func("f")
    def handler(job):
        tries.append(loop.time())
        if len(tries) == 1:
            raise LookupError("the first time")

    client.submit("f", "n")
    worker.run_pending()
    (record,) = caplog.records
    assert record.levelno == logging.ERROR and "f of 'n' failed" in record.getMessage()
    assert "LookupError: the first time" in caplog.text and "in handler" in caplog.text
    loop.advance(2)
    worker.run_pending()
    assert len(tries) == 2 and tries[1] - tries[0] >= 1
    assert client.status()[0].jobs == 0


def test_later_runs_again_in_so_many_seconds(virtual):
    loop, client, worker = virtual
    seen = []

    @worker.func("f")
    def handler(job):
        seen.append((loop.time(), job.count))
        if job.count == 0:
            raise Later(59.5)
        if job.count == 1:
            return Later(10, step=5)
        return None

    begin = loop.time()
    client.submit("f", "n")
    for seconds in (0, 60, 10):
        loop.advance(seconds)
        worker.run_pending()
    assert seen == [(begin, 0), (begin + 60, 1), (begin + 70, 6)]
    assert client.status()[0].jobs == 0


def test_a_result_that_cannot_be_said_fails_the_job(virtual, caplog):
    _, client, worker = virtual
    worker.func("json")(lambda job: object())
    worker.func("long")(lambda job: bytes(65 << 20))
    known(client, 2)
    for name in ("json", "long"):
        run = client.start_run(name, "n")
        worker.run_pending()
        with pytest.raises(libperiodic.RunError, match="failed"):
            run.result(timeout=5)
    assert "not JSON serializable" in caplog.text and "67,108,864" in caplog.text.replace(
        "67108864", "67,108,864"
    )


def test_a_handler_may_end_its_job_itself(virtual):
    _, client, worker = virtual

    @worker.func("f")
    def handler(job):
        job.done({"early": True})
        return "ignored"

    known(client)
    run = client.start_run("f", "n")
    worker.run_pending()
    assert run.result(timeout=1) == b'{"early":true}'


def test_a_full_lock_sends_the_handler_home(virtual):
    _, client, worker = virtual
    order = []

    @worker.func("print")
    def handler(job):
        if not job.lock("printer"):
            order.append(f"{job.name} waits")
            return
        order.append(f"{job.name} prints")

    blocker = Worker(worker.server, loop=worker._given_loop)
    blocker.can_do("other")
    client.submit("other", "n")
    held = blocker.next(timeout=1)
    assert held.lock("printer")
    client.submit("print", "a")
    worker.run_pending()
    held.done()
    worker.run_pending()
    assert order == ["a waits", "a prints"]
    blocker.close()


def test_handlers_can_be_included_and_taken_on_later(virtual):
    _, client, worker = virtual
    others = Handlers()

    @others.func("f")
    def handler(job):
        return job.json()["a"]

    worker.include(others)
    known(client)
    run = client.start_run("f", "n", json={"a": "b"})
    worker.run_pending()
    assert run.result(timeout=1) == b"b"


def test_an_async_handler_needs_an_async_worker():
    async def handler(job):
        pass

    with pytest.raises(TypeError, match="AsyncWorker"):
        Worker().func("f")(handler)
    with pytest.raises(TypeError, match="pool"):
        AsyncWorker().func("f", pool="thread")(handler)
    with pytest.raises(ValueError, match="pool"):
        Worker().func("f", pool="green")


def square(job):
    if job.workload == b"die":
        os._exit(1)
    if job.workload == b"raise":
        raise ValueError("in the pool")
    if job.workload == b"later":
        raise Later(3600)
    return {"square": job.json() ** 2, "process": os.getpid()}


def speak(job):
    for piece in (b"one", b"two"):
        job.data(piece)
    assert job.lock("l") and not job.release("l")
    return threading.current_thread().name


def running(worker):
    """A worker's `run` in a thread; for AsyncWorker with a loop of its own."""

    def main() -> None:
        if isinstance(worker, AsyncWorker):
            asyncio.run(worker.run())
        else:
            worker.run()

    thread = threading.Thread(target=main)
    thread.start()
    return thread


def until(condition) -> None:
    while not condition():
        time.sleep(0.002)


@pytest.mark.parametrize("kind", [Worker, AsyncWorker])
def test_pools(kind, caplog):
    with Server() as server, Client(server) as client:
        worker = kind(server, concurrency=4)
        worker.func("square", pool="process")(square)
        worker.func("speak", pool="thread")(speak)
        thread = running(worker)
        until(lambda: len(client.status()) == 2)
        import json

        result = json.loads(client.run("square", "7", json=7))
        assert result["square"] == 49 and result["process"] != os.getpid()
        with client.run_stream("speak", "s") as stream:
            assert list(stream) == [b"one", b"two"]
        assert stream.result.startswith(b"libperiodic-handler")
        for word in (b"raise", b"later", b"die"):
            with pytest.raises(libperiodic.RunError, match="failed"):
                client.run("square", word.decode(), word)
        assert "ValueError: in the pool" in caplog.text
        assert json.loads(client.run("square", "8", json=8))["square"] == 64
        if kind is Worker:
            worker.stop()
        else:
            worker._driver.host.call_soon_threadsafe(worker.stop)
        thread.join(timeout=20)
        assert not thread.is_alive()


SLOW = """
import sys, time, asyncio, libperiodic
kind, address, log = sys.argv[1:]
worker = getattr(libperiodic, kind)(address, concurrency=3)

def say(line):
    with open(log, "a") as file:
        file.write(line + "\\n")

if kind == "Worker":
    @worker.func("slow")
    def slow(job):
        say(f"begin {job.name}")
        while not worker.stopping:
            time.sleep(0.01)
        say(f"end {job.name}")
    worker.run()
else:
    @worker.func("slow")
    async def slow(job):
        say(f"begin {job.name}")
        while not worker.stopping:
            await asyncio.sleep(0.01)
        say(f"end {job.name}")
    asyncio.run(worker.run())
say("over")
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("kind", ["Worker", "AsyncWorker"])
def test_a_signal_lets_a_worker_finish_and_hand_back(tmp_path, kind, number):
    log = tmp_path / "log"
    address = f"unix://{tmp_path}/s"
    with Server("memory:", address) as server, Client(server) as client:
        for name in "abcde":
            client.submit("slow", name)
        process = subprocess.Popen([sys.executable, "-c", SLOW, kind, address, log])
        begun = 1 if kind == "Worker" else 3
        until(lambda: log.exists() and len(log.read_text().splitlines()) == begun)
        until(lambda: client.status()[0].running == 3)
        process.send_signal(number)
        assert process.wait(timeout=20) == 0
        lines = log.read_text().splitlines()
        assert sum(line.startswith("end") for line in lines) == begun and lines[-1] == "over"
        until(lambda: client.status()[0].running == 0)
        # The rest is there, at once, and uncounted.
        left = [(job.state, job.count) for job in server.jobs()]
        assert left == [("waiting", 0)] * (5 - begun)


def test_what_breaks_out_of_a_handler_ends_the_worker(virtual):
    _, client, worker = virtual

    @worker.func("f")
    def handler(job):
        raise SystemExit(3)

    client.submit("f", "n")
    with pytest.raises(SystemExit):
        worker.run_pending()
    worker.run_pending()
    assert client.status()[0].jobs == 1
