"""Results, data, locks and broadcasts, with server, clients and workers in one thread."""

from __future__ import annotations

import queue
import threading
import time

import pytest

import libperiodic
from libperiodic import Client, Loop, Server, Worker


@pytest.fixture
def client(loop, address):
    with Client(address, loop=loop) as client:
        yield client


@pytest.fixture
def worker(loop, address):
    with Worker(address, loop=loop, concurrency=8) as worker:
        yield worker


def test_a_run_brings_its_result(client, worker):
    """PROTOCOL 2.5"""
    worker.can_do("square")
    run = client.start_run("square", "7", b"7")
    with pytest.raises(libperiodic.NotNowError):
        run.result(timeout=0)
    job = worker.next(timeout=10)
    assert (job.name, job.workload) == ("7", b"7")
    job.done(b"\0" + b"49")
    assert run.result(timeout=10) == b"\0" + b"49"
    assert run.result(timeout=0) == b"\0" + b"49"


def test_an_empty_result_is_a_result(client, worker):
    worker.can_do("f")
    run = client.start_run("f", "n")
    worker.next(timeout=10).done()
    assert run.result(timeout=10) == b""


def test_nobody_can_do_the_function(client):
    with pytest.raises(libperiodic.NoWorkerError):
        client.run("nobody", "n")
    with pytest.raises(libperiodic.NoWorkerError):
        client.start_run("nobody", "n").result(timeout=10)
    with pytest.raises(libperiodic.NoWorkerError):
        list(client.receive_data("nobody", "n"))


def test_what_became_of_a_run_without_a_result(client, worker):
    worker.can_do("f")
    failed, removed, expired = (
        client.start_run("f", name, run_timeout=seconds)
        for name, seconds in (("failed", 9), ("removed", 9), ("expired", 1))
    )
    jobs = {job.name: job for job in (worker.next(timeout=10) for _ in range(3))}
    jobs["failed"].fail()
    client.remove("f", "removed")
    begin = time.monotonic()
    for run, reason in ((failed, "failed"), (removed, "removed"), (expired, "expired")):
        with pytest.raises(libperiodic.RunError) as caught:
            run.result(timeout=10)
        assert caught.value.reason == reason
    assert time.monotonic() - begin < 3
    assert client.status()[0].jobs == 0


def test_a_run_can_wait_alone(client, worker):
    worker.can_do("f")
    # Nobody takes the job, because this thread waits: the server's word comes after a second.
    with pytest.raises(libperiodic.RunError, match="expired"):
        client.run("f", "n", run_timeout=1)


def test_a_run_waits_for_a_worker_in_another_thread(tmp_path):
    """Blocking calls let other threads run: server and worker are in one, the client in this."""
    addresses: queue.Queue[str] = queue.Queue()

    def work() -> None:
        with Loop() as loop, Server(loop=loop) as server:
            address = server.listen(f"unix://{tmp_path}/s")
            with Worker(address, loop=loop) as worker:
                worker.can_do("reverse")
                addresses.put(address)
                for _ in range(3):
                    job = worker.next(timeout=10)
                    job.done(job.workload[::-1])
                worker.drain(timeout=10)
            # The last result may still be on its way.
            server.stop()

    thread = threading.Thread(target=work)
    thread.start()
    with Loop() as loop, Client(addresses.get(timeout=10), loop=loop) as client:
        results = [client.run("reverse", "n", word) for word in (b"", b"abc", b"x" * 1_000_000)]
    thread.join(timeout=10)
    assert results == [b"", b"cba", b"x" * 1_000_000]


def test_a_run_times_out(client, worker):
    worker.can_do("f")
    with pytest.raises(TimeoutError):
        client.run("f", "n", timeout=0.05)


def test_data_comes_in_order_and_ends_with_the_job(client, worker):
    """PROTOCOL 2.5: chunks, the end, then the result."""
    worker.can_do("f")
    stream = client.receive_data("f", "n")
    run = client.start_run("f", "n")
    job = worker.next(timeout=10)
    assert stream.next(timeout=0) is None and not stream.ended
    pieces = [b"one", b"", b"\0three", b"four" * 100_000]
    for piece in pieces:
        job.data(piece)
    job.done(b"all")
    assert list(stream) == pieces
    assert stream.ended and stream.next() is None and list(stream) == []
    assert run.result(timeout=10) == b"all"


def test_a_stream_ends_by_its_own_time_and_touches_nothing(client, worker):
    worker.can_do("f")
    stream = client.receive_data("f", "n", seconds=1)
    run = client.start_run("f", "n")
    job = worker.next(timeout=10)
    assert list(stream) == []
    job.done(b"still")
    assert run.result(timeout=10) == b"still"


def test_data_that_is_not_taken_is_bounded(loop, address, worker):
    worker.can_do("f")
    with Client(address, loop=loop, data_bytes=1000) as client:
        stream = client.receive_data("f", "n")
        run = client.start_run("f", "n")
        job = worker.next(timeout=10)
        for _ in range(20):
            job.data(b"x" * 100)
        job.done(b"done")
        # Listening to the result lets all the data come.
        assert run.result(timeout=10) == b"done"
        taken = []
        with pytest.raises(libperiodic.LimitError, match="data_bytes: 1000"):
            for piece in stream:
                taken.append(piece)
        # Each counts as 164.
        assert taken == [b"x" * 100] * 6


def test_a_closed_stream_and_a_closed_client_say_so(loop, address, worker):
    worker.can_do("f")
    client = Client(address, loop=loop)
    closed, open_ = client.receive_data("f", "n"), client.receive_data("f", "n")
    run = client.start_run("f", "n")
    with closed:
        pass
    with pytest.raises(libperiodic.ClosedError):
        next(closed)
    client.close()
    for request in (open_, run):
        assert request.closed
        with pytest.raises(libperiodic.ClosedError):
            request.next() if request is open_ else request.result()
        request.close()


def test_a_lock_has_so_many_holders(client, worker):
    """PROTOCOL 2.6"""
    worker.can_do("f")
    for name in ("a", "b", "c"):
        client.submit("f", name)
    first, second, third = (worker.next(timeout=10) for _ in range(3))
    assert first.lock("printer", 2) and first.lock("printer", 2)
    assert second.lock(b"printer", 2)
    assert not third.lock("printer", 2)
    assert third.ended
    with pytest.raises(libperiodic.ClosedError):
        third.done()
    assert client.status()[0].locked == 1
    assert worker.next(timeout=0.1) is None
    second.release("printer")
    again = worker.next(timeout=10)
    assert again.name == third.name
    assert again.lock("printer", 2)
    for job in (first, second, again):
        job.done()
    worker.drain(timeout=10)
    assert client.status()[0].jobs == 0


def test_the_end_of_a_run_releases(client, worker):
    worker.can_do("f")
    client.submit("f", "a")
    client.submit("f", "b")
    first, second = (worker.next(timeout=10) for _ in range(2))
    assert first.lock("l")
    assert not second.lock("l")
    first.done()
    again = worker.next(timeout=10)
    assert again.name == second.name and again.lock("l")


def test_locks_and_data_have_their_limits(client, worker):
    worker.can_do("f")
    client.submit("f", "n")
    job = worker.next(timeout=10)
    for name in ("", "l" * 256):
        with pytest.raises(libperiodic.LimitError):
            job.lock(name)
        with pytest.raises(libperiodic.LimitError):
            job.release(name)
    for count in (0, 65_536):
        with pytest.raises(libperiodic.InvalidArgumentError, match="65535"):
            job.lock("l", count)
    with pytest.raises(libperiodic.LimitError):
        job.data(b"x" * (64 << 20))
    job.release("never held")
    assert job.lock("l", 65_535)
    job.done()


def test_a_broadcast_reaches_every_worker(loop, address, client, worker):
    """PROTOCOL 2.3"""
    with Worker(address, loop=loop) as other:
        worker.broadcast("all")
        other.broadcast("all")
        run = client.start_run("all", "n")
        jobs = [peer.next(timeout=10) for peer in (worker, other)]
        assert [job.name for job in jobs] == ["n", "n"]
        jobs[0].done(b"first")
        assert run.result(timeout=10) == b"first"
        jobs[1].done(b"second")
        other.can_do("all")
        client.submit("all", "m")
        taken = [peer.next(timeout=0.3) for peer in (worker, other)]
        assert sum(job is not None for job in taken) == 1


def test_a_lost_connection_takes_the_job(loop, tmp_path):
    server = Server(loop=loop).start()
    address = server.listen(f"unix://{tmp_path}/s")
    with Client(address, loop=loop) as client, Worker(address, loop=loop) as worker:
        worker.can_do("f")
        client.submit("f", "n")
        job = worker.next(timeout=10)
        server.close()
        loop.step()
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            try:
                job.data(b"x")
            except libperiodic.StaleError:
                break
            worker.next(timeout=0.01)
        with pytest.raises(libperiodic.StaleError):
            job.release("l")
        with pytest.raises(libperiodic.StaleError):
            job.lock("l")
        assert job.ended
