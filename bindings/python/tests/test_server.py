"""A server in a thread of its own, in a program with threads and children."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import threading
import time
import traceback
import weakref
from concurrent.futures import ThreadPoolExecutor

import pytest

import libperiodic
from libperiodic import Client, Server, Worker


def in_child(body) -> int:
    """What a forked child that runs `body` ends with."""
    child = os.fork()
    if child == 0:
        code = 99
        try:
            code = body()
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_a_server_serves_while_the_program_computes(tmp_path):
    with Server("memory:", f"unix://{tmp_path}/s") as server:
        assert server.address.startswith("inproc:") and server.ready
        assert server.addresses[1] == f"unix://{tmp_path}/s"
        for reached in (server, *server.addresses):
            with Client(reached) as client:
                client.submit("f", "n")
                client.ping()
        assert [job.name for job in server.jobs()] == ["n"]
    assert server.closed
    with pytest.raises(libperiodic.ClosedError):
        server.address


def test_closing_and_starting_again(tmp_path):
    server = Server(f"file:{tmp_path}/jobs")
    for expected in (0, 1):
        assert server.start() is server.start()
        assert len(list(server.jobs())) == expected
        Client(server).submit("f", "n", run_at=4_000_000_000)
        server.close()
        server.close()


def test_what_cannot_be_started_leaves_nothing(tmp_path):
    before = threading.active_count()
    with pytest.raises(libperiodic.AddressError):
        Server("memory:", "bogus").start()
    with pytest.raises(libperiodic.NotSupportedError):
        Server("redis:").start()
    assert threading.active_count() == before


def test_a_server_that_is_forgotten_ends():
    before = threading.active_count()
    server = Server().start()
    assert threading.active_count() == before + 1
    gone = weakref.ref(server)
    del server
    gc.collect()
    assert gone() is None and threading.active_count() == before


def test_a_program_may_end_without_closing(tmp_path):
    script = (
        "import sys, libperiodic\n"
        "server = libperiodic.Server(sys.argv[1]).start()\n"
        "libperiodic.Client(server).submit('f', 'n', delay=3600)\n"
    )
    for _ in range(2):
        subprocess.run([sys.executable, "-c", script, f"file:{tmp_path}/jobs"], check=True, timeout=60)
    with Server(f"file:{tmp_path}/jobs") as server:
        assert [job.name for job in server.jobs()] == ["n"]


def test_a_client_is_for_all_threads():
    with Server() as server, Client(server) as client, ThreadPoolExecutor(8) as pool:
        numbers = range(400)
        assert list(pool.map(lambda n: client.submit("f", str(n)), numbers)) == [None] * 400
        assert client.status()[0].jobs == 400
        # One connection for each that was needed at a time.
        assert 1 <= len(client._idle) <= 8


def test_a_run_waits_in_one_thread_while_others_work():
    with Server() as server, Client(server) as client:
        worker = Worker(server)

        @worker.func("reverse")
        def reverse(job):
            return job.workload[::-1]

        thread = threading.Thread(target=worker.run)
        thread.start()
        while not client.status():
            time.sleep(0.001)
        with ThreadPoolExecutor(4) as pool:
            words = [b"%d" % number for number in range(100)]
            runs = pool.map(lambda word: client.run("reverse", word, word), words)
            assert list(runs) == [word[::-1] for word in words]
        worker.stop()
        thread.join(timeout=10)
        assert not thread.is_alive() and worker.closed


def test_an_idle_connection_that_was_lost_is_made_again(tmp_path):
    address = f"unix://{tmp_path}/s"
    with Client(address) as client:
        for _ in range(2):
            with Server("memory:", address):
                client.submit("f", "n")
            client._idle[0].used -= 10


def test_a_delay_is_from_now():
    with Server() as server, Client(server) as client:
        client.submit("f", "n", delay=60.5)
        client.submit("f", "m", json={"a": [1, None, "ü"]})
        jobs = {job.name: job for job in server.jobs()}
        assert 60 < jobs["n"].due - time.time() < 62
        assert jobs["m"].workload == '{"a":[1,null,"ü"]}'.encode()
        with pytest.raises(ValueError):
            client.submit("f", "n", delay=1, run_at=2)
        with pytest.raises(ValueError):
            client.submit("f", "n", b"x", json=1)


def test_names_of_any_bytes_go_through_text():
    with Server() as server, Client(server) as client, Worker(server) as worker:
        worker.can_do(b"\xff\0f")
        client.submit(b"\xff\0f", b"\xc3\x28\n")
        job = worker.next(timeout=10)
        client.remove(job.function, job.name)
        assert list(server.jobs()) == []


def test_a_child_is_told_where_the_owner_is(tmp_path):
    address = f"unix://{tmp_path}/s"
    with Server("memory:", address) as server, Client(server) as client:

        def child() -> int:
            calls = (
                lambda: server.address,
                lambda: list(server.jobs()),
                lambda: server.listen("inproc:x"),
                lambda: server.stop(),
            )
            for call in calls:
                try:
                    call()
                except libperiodic.ForkError as error:
                    if address not in str(error) or error.code != -3 or error.name != "EFORK":
                        return 1
                else:
                    return 2
            server.close()
            # A client of before the fork and one of after it both reach the owner.
            client.submit("f", "from the child")
            with Client(server) as other:
                other.submit("f", "from the child too")
            return 0

        assert in_child(child) == 0
        assert len(list(server.jobs())) == 2
        client.ping()


def test_a_child_has_no_way_in_without_a_socket():
    with Server() as server, Client(server) as client, Client(server.address) as named:

        def child() -> int:
            for call in (client.ping, named.ping, lambda: Client(server)):
                try:
                    call()
                except libperiodic.ForkError:
                    continue
                return 1
            return 0

        assert in_child(child) == 0
        client.ping()


def test_ctrl_c_ends_a_wait():
    script = (
        "import signal, threading, libperiodic\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "with libperiodic.Server() as server, libperiodic.Worker(server) as worker:\n"
        "    worker.can_do('f')\n"
        "    threading.Timer(0.2, lambda: signal.raise_signal(signal.SIGINT)).start()\n"
        "    try:\n"
        "        worker.next()\n"
        "    except KeyboardInterrupt:\n"
        "        print('interrupted')\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert done.stdout == "interrupted\n", done.stderr


@pytest.mark.parametrize("row", libperiodic.errors.BY_CODE.items())
def test_errors_are_those_of_the_table(row):
    import pickle

    code, kind = row
    error = kind("what was done")
    assert error.code == code and error.name.startswith("E") and "what was done" in str(error)
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is kind and again.detail == error.detail
