"""Workers that are killed, and a server that is: everything goes on, and nothing is lost."""

from __future__ import annotations

import asyncio
import os
import pathlib
import signal
import subprocess
import sys
import time

from libperiodic import AsyncClient, AsyncWorker, Client, Server

WORKER = """
import os, sys, time, asyncio, libperiodic
kind, address, log = sys.argv[1:]
worker = getattr(libperiodic, kind)(address, concurrency=4)

def note(job):
    with open(log, "a") as file:
        file.write(f"{os.getpid()} {job.name}\\n")

if kind == "Worker":
    @worker.func("f")
    def handler(job):
        note(job)
        if job.name == "slow":
            time.sleep(3600)
    worker.run()
else:
    @worker.func("f")
    async def handler(job):
        note(job)
        if job.name == "slow":
            await asyncio.sleep(3600)
    asyncio.run(worker.run())
"""
SERVER = """
import signal, sys, libperiodic
with libperiodic.Server(sys.argv[1], sys.argv[2]) as server:
    print("ready", flush=True)
    signal.pause()
"""


def until(condition, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def runs(log: pathlib.Path) -> list[list[str]]:
    return [line.split() for line in log.read_text().splitlines()] if log.exists() else []


def test_a_worker_that_is_killed_in_a_job(tmp_path):
    for kind in ("Worker", "AsyncWorker"):
        address, log = f"unix://{tmp_path}/{kind}", tmp_path / f"log of {kind}"
        with Server("memory:", address) as server, Client(server) as client:
            client.submit("f", "slow")
            processes = []
            for number in range(2):
                line = [sys.executable, "-c", WORKER, kind, address, log]
                processes.append(subprocess.Popen(line))
                until(lambda: len(runs(log)) == number + 1)
                processes[-1].kill()
                processes[-1].wait()
            assert runs(log) == [[str(process.pid), "slow"] for process in processes]
            until(lambda: [job.state for job in server.jobs()] == ["waiting"])


def serving(store: str, address: str) -> subprocess.Popen:
    process = subprocess.Popen([sys.executable, "-c", SERVER, store, address], stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"ready\n"
    return process


def test_a_server_that_is_killed_under_twenty_workers(tmp_path):
    """Each acknowledged job runs, through three crashes; workers and client connect again."""
    store, address = f"file:{tmp_path}/jobs", f"unix://{tmp_path}/s"
    jobs, crashes = 3000, 3

    async def main() -> None:
        ran: set[str] = set()
        workers = [AsyncWorker(address, concurrency=5) for _ in range(20)]
        for worker in workers:

            @worker.func("f")
            async def handler(job):
                await asyncio.sleep(0.001)
                ran.add(job.name)

        running = [asyncio.ensure_future(worker.run(signals=False)) for worker in workers]
        server = serving(store, address)
        async with AsyncClient(address) as client:
            acknowledged: set[str] = set()

            async def submit() -> None:
                for number in range(jobs):
                    # Not known after a crash: submitting again does no harm.
                    while True:
                        try:
                            await client.submit("f", str(number), timeout=5)
                        except (ConnectionError, TimeoutError):
                            continue
                        break
                    acknowledged.add(str(number))

            submitting = asyncio.ensure_future(submit())
            for crash in range(1, crashes + 1):
                while len(acknowledged) < jobs * crash // (crashes + 1):
                    await asyncio.sleep(0.001)
                server.send_signal(signal.SIGKILL)
                server.wait()
                server.stdout.close()
                server = await asyncio.get_running_loop().run_in_executor(None, serving, store, address)
            await submitting
            while (await client.status())[0].jobs:
                await asyncio.sleep(0.01)
            assert ran == acknowledged == {str(number) for number in range(jobs)}
        for worker in workers:
            worker.stop()
        await asyncio.gather(*running)
        server.terminate()
        server.wait()
        server.stdout.close()

    asyncio.run(asyncio.wait_for(main(), 240))


def test_children_of_a_preforking_program(tmp_path):
    """As gunicorn does with --preload: the master has the server, its children submit to it."""
    address = f"unix://{tmp_path}/s"
    with Server(f"file:{tmp_path}/jobs", address) as server, Client(server) as client:
        children = []
        for number in range(3):
            child = os.fork()
            if child == 0:
                code = 1
                try:
                    for job in range(50):
                        client.submit("f", f"{number} {job}")
                    code = 0
                finally:
                    os._exit(code)
            children.append(child)
        assert [os.waitpid(child, 0)[1] for child in children] == [0, 0, 0]
        assert client.status()[0].jobs == 150
