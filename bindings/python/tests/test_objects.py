"""The package as a program uses it, with a server in the same process."""

from __future__ import annotations

import ctypes
import os
import pathlib
import random
import select
import subprocess
import sys
import threading
import time

import pytest

import libperiodic
from libperiodic import Client, JobRequest, Loop, Server, Worker

TOOLS = pathlib.Path(__file__).resolve().parents[1] / "tools"


def test_a_job_goes_from_client_to_worker(loop, address):
    with Client(address, loop=loop) as client, Worker(address, loop=loop) as worker:
        worker.can_do("resize")
        client.submit("resize", "a.png", b"\0data")
        job = worker.next(timeout=10)
        assert (job.function, job.name, job.workload) == ("resize", "a.png", b"\0data")
        assert (job.count, job.timeout) == (0, 600)
        job.done()
        assert job.ended
        worker.drain(timeout=10)
        assert [row.jobs for row in client.status()] == [0]


def test_later_comes_again_with_its_count(loop, address):
    with Client(address, loop=loop) as client, Worker(address, loop=loop) as worker:
        worker.can_do("f")
        client.submit("f", "n")
        worker.next(timeout=10).later(1, step=3)
        job = worker.next(timeout=10)
        assert job.count == 3
        job.fail()


def test_a_job_does_not_come_before_its_time(loop, address):
    with Client(address, loop=loop) as client, Worker(address, loop=loop) as worker:
        worker.can_do("f")
        due = int(time.time()) + 2
        client.submit("f", "n", run_at=due)
        job = worker.next(timeout=10)
        assert time.time() >= due
        job.done()


def test_many_jobs_at_once(loop, address):
    with Client(address, loop=loop) as client, Worker(address, loop=loop, concurrency=64) as worker:
        worker.can_do("f")
        results = client.submit_many(JobRequest("f", str(number)) for number in range(500))
        assert results == [None] * 500
        names = set()
        while len(names) < 500:
            jobs = worker.next_many(64, timeout=10)
            names |= {job.name for job in jobs}
            worker.done_many(jobs)
        worker.drain(timeout=10)
        assert client.status()[0].jobs == 0


def test_a_removed_job_and_a_dropped_function_are_gone(loop, address):
    with Client(address, loop=loop) as client:
        client.submit("f", "n", run_at=time.time() + 3600)
        client.remove("f", "n")
        client.remove("f", "n")
        assert client.status()[0].jobs == 0
        client.drop("f")
        assert client.status() == []


def test_limits_are_named(loop, address):
    with Client(address, loop=loop) as client:
        with pytest.raises(libperiodic.LimitError, match="256.*255"):
            client.submit("f", "n" * 256)
        with pytest.raises(libperiodic.LimitError):
            client.submit("", "n")
        mixed = client.submit_many([JobRequest("f", "a"), JobRequest("f", ""), JobRequest("f", "b")])
        assert [type(result) for result in mixed] == [
            type(None),
            libperiodic.LimitError,
            type(None),
        ]


@pytest.mark.parametrize(
    "limit", [{"max_jobs": 1}, {"max_bytes": 9}, {"max_function_jobs": 1}, {"max_function_bytes": 9}]
)
def test_a_full_server_refuses(loop, limit):
    with Server(loop=loop, **limit) as server, Client(server.listen("tcp://127.0.0.1:0"), loop=loop) as client:
        client.submit("f", "one", b"12345")
        with pytest.raises(libperiodic.RefusedError):
            client.submit("f", "two", b"12345")
        client.remove("f", "one")
        client.submit("f", "two", b"12345")


def test_a_server_takes_every_option_of_the_daemon(loop, tmp_path):
    options = {
        "reserve_bytes": 4096,
        "socket_mode": 0o600,
        "socket_owner": f"{os.getuid()}:{os.getgid()}",
        "registration_timeout_ms": 5000,
        "idle_timeout_s": 60,
        "clients_administer": True,
        "hook_queue": 1,
        "hook_drop_log_every": 1,
    }
    with Server(f"file:{tmp_path}/jobs", loop=loop, hook="persist", **options) as server:
        server.listen(f"unix://{tmp_path}/s")
        assert (tmp_path / "s").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "jobs.reserve").stat().st_size == 4096
    with pytest.raises(libperiodic.InvalidArgumentError, match="socket_mode 1000: octal"):
        Server(loop=loop, socket_mode=0o1000).start()


def test_a_job_that_waits_for_long_comes_back_from_the_file(loop, tmp_path):
    workload = bytes(range(256)) * 5000
    with Server(f"file:{tmp_path}/jobs", loop=loop, cache_bytes=1) as server:
        address = server.listen("tcp://127.0.0.1:0")
        with Client(address, loop=loop) as client, Worker(address, loop=loop) as worker:
            client.submit("f", "large", workload)
            client.submit("f", "small", b"x")
            worker.can_do("f")
            for expected in [workload, b"x"]:
                job = worker.next(timeout=10)
                assert job.workload == expected
                job.done()


def test_nobody_answers(loop, tmp_path):
    with Client(f"unix://{tmp_path}/none", loop=loop) as client:
        with pytest.raises(TimeoutError, match="no such file"):
            client.ping(timeout=0.2)


def test_closing_twice_is_fine_and_use_afterwards_raises(loop, address):
    client = Client(address, loop=loop)
    client.close()
    client.close()
    with pytest.raises(libperiodic.ClosedError):
        client.ping()


def test_a_loop_in_use_cannot_be_closed():
    loop = Loop()
    server = Server(loop=loop).start()
    with pytest.raises(libperiodic.BusyError):
        loop.close()
    server.close()
    loop.close()


def test_another_thread_is_told_so(loop):
    caught: list[BaseException] = []

    def misuse() -> None:
        try:
            loop.step()
        except libperiodic.WrongThreadError as error:
            caught.append(error)

    thread = threading.Thread(target=misuse)
    thread.start()
    thread.join()
    assert len(caught) == 1


def test_another_thread_stops_a_loop(loop):
    for _ in range(20):
        thread = threading.Thread(target=loop.stop)
        thread.start()
        # Also if it was stopped before it ran.
        loop.run()
        thread.join()


def test_a_job_is_held_until_it_is_let_go(loop, address):
    with Client(address, loop=loop) as client, Worker(address, loop=loop) as worker:
        worker.can_do("f")
        client.submit("f", "n")
        job = worker.next(timeout=10)
        assert job.held and not job.ended and repr(job) == "<Job f 'n'>"
        job.free()
        assert job.ended and not job.held
        with pytest.raises(libperiodic.ClosedError):
            job.free()
        worker.close()
        with Worker(address, loop=loop) as other:
            other.can_do("f")
            assert other.next(timeout=10).name == "n"


def test_a_child_is_told_so(loop, address):
    child = os.fork()
    if child == 0:
        try:
            loop.step()
        except libperiodic.ForkError:
            os._exit(7)
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7


def test_a_file_keeps_the_jobs(loop, tmp_path):
    store = f"file:{tmp_path}/jobs.sqlite"
    for expected in (0, 1):
        with Server(store, loop=loop) as server:
            address = server.listen(f"unix://{tmp_path}/s")
            with Client(address, loop=loop) as client:
                assert sum(row.jobs for row in client.status()) == expected
                client.submit("f", "n", run_at=time.time() + 3600)
            with pytest.raises(libperiodic.BusyError):
                Server(store, loop=loop).start()
            server.stop()


def test_a_store_that_is_not_there_is_refused(loop, tmp_path):
    with pytest.raises(libperiodic.NotSupportedError, match="file:PATH"):
        Server("redis:", loop=loop).start()
    with pytest.raises(libperiodic.PeriodicError):
        Server(f"file:{tmp_path}/no/such/directory", loop=loop).start()


def test_the_log_is_the_hosts(loop):
    lines: list[tuple[int, str]] = []
    with Server(loop=loop, log=lambda level, line: lines.append((level, line))) as server:
        server.listen("tcp://127.0.0.1:0")
    assert any("listening" in line for _, line in lines)


def test_a_host_drives_the_loop_itself(loop, address):
    # The server's side is driven by hand here, the other side by a process of its own.
    script = (
        "import sys, libperiodic\n"
        "with libperiodic.Client(sys.argv[1]) as client:\n"
        "    client.ping()\n"
        "    client.submit('f', 'n')\n"
    )
    child = subprocess.Popen([sys.executable, "-c", script, address])
    while child.poll() is None:
        timeout = loop.timeout()
        select.select([loop], [], [], 0.1 if timeout is None else min(timeout, 0.1))
        loop.step()
    assert child.returncode == 0


def test_the_declarations_are_those_of_the_header():
    subprocess.run([sys.executable, TOOLS / "generate.py", "--check"], check=True)


def test_lengths_that_no_memory_has_are_refused(loop, address):
    from libperiodic._library import lib

    huge, invalid = (1 << 64) - 1, libperiodic.InvalidArgumentError.code
    with Client(address, loop=loop) as client, Worker(address, loop=loop) as worker:
        assert lib.periodic_client_drop(client._idle[0].pointer, b"f", huge, 1000) == invalid
        assert lib.periodic_worker_done_many(worker._living().pointer, (ctypes.c_void_p * 1)(), huge) == invalid


def test_a_week_passes_in_virtual_time(loop):
    numbers = random.Random(1)
    begin = 1_700_000_000
    loop.set_virtual_clock(begin)
    loop.set_random(lambda: numbers.getrandbits(64))
    with Server(loop=loop) as server:
        address = server.listen("inproc:week")
        assert address == "inproc:week"
        with Client(address, loop=loop) as client, Worker(address, loop=loop) as worker:
            worker.can_do("f")
            client.submit("f", "n", run_at=begin + 7 * 86_400)
            assert loop.advance(86_400) == 0
            assert loop.time() == begin + 86_400
            job = worker.next()
            assert loop.time() == begin + 7 * 86_400
            job.done()
            assert loop.step(0) == 0


def test_virtual_time_begins_on_an_empty_loop_and_goes_forward(loop):
    with pytest.raises(libperiodic.InvalidArgumentError):
        loop.advance(1)
    with Server(loop=loop), pytest.raises(libperiodic.BusyError):
        loop.set_virtual_clock()
    loop.set_virtual_clock()
    with pytest.raises(libperiodic.InvalidArgumentError):
        loop.advance(-1)


def test_a_server_shows_its_jobs(loop, tmp_path):
    with Server(f"file:{tmp_path}/jobs", loop=loop) as server:
        with Client(server.listen("inproc:shown"), loop=loop) as client:
            client.submit("f", "n", b"work", run_at=4_000_000_000, run_timeout=7)
            client.submit("g", "m")
            shown = list(server.jobs("f"))
            assert shown == [
                libperiodic.JobInfo("f", "n", "waiting", 4_000_000_000, 4, b"work", 0, 7)
            ]
            assert [job.name for job in server.jobs(timeout=0)] == ["n", "m"]
            left = server.jobs()
            next(left)
    with pytest.raises(libperiodic.ClosedError):
        next(left)


def test_every_named_limit_is_in_the_documentation():
    table = (TOOLS.parents[2] / "docs" / "limits.md").read_text()
    rows = [line.split("|") for line in table.splitlines() if line.startswith("|")]
    for name, value in libperiodic.limits().items():
        row = next(row for row in rows if f"`{name}`" in row[1])
        assert ("none" if value is None else f"{value:,}") in row[2], name


def test_the_features_name_what_is_compiled_in():
    words = libperiodic.features()
    assert {"inproc", "memory", "file", "virtual-clock"} <= set(words)
    assert any(word.startswith("sqlite=3.") for word in words)
