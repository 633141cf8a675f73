"""Programs of the package aio_periodic, with another import."""

from __future__ import annotations

import asyncio
import types

import pytest

from libperiodic import Server
from libperiodic.aio_periodic import (
    Blueprint,
    Client,
    FinishedError,
    Job,
    Pool,
    Transport,
    Worker,
    done,
    fail,
    jsonify,
    open_connection,
    sched_later,
)

# As it stands in Periodic's README but for the import, and for a delay in seconds that a test has.
README_CLIENT = '''
client = Client()
client.add_server("unix:///tmp/periodic.sock")
yield from client.connect()
job = {
    "name": "Hello world!",
    "func": "random_print",
    "sched_at": int(time()),
}
yield from client.submitJob(job)
'''
README_WORKER = '''
worker = Worker()
worker.add_server("unix:///tmp/periodic.sock")
yield from worker.connect()
yield from worker.add_func("random_print")
count = 0
while True:
    job = yield from worker.grabJob()
    print(count, job.name)
    count += 1
    if count > 10:
        yield from job.done()
        break

    yield from job.sched_later(random.randint(5, 10))

print('Finish!')
'''


def program(text: str, address: str):
    """The text as a coroutine, as a program of the time has it under a decorator."""
    lines = text.replace("unix:///tmp/periodic.sock", address).replace("(5, 10)", "(0, 0)").splitlines()
    body = "\n".join(f"    {line}" for line in lines)
    names = {"Client": Client, "Worker": Worker, "types": types}
    head = "import random\nfrom time import time\n@types.coroutine\ndef main():\n"
    exec(head + body, names)
    return names["main"]()


@pytest.fixture
def address(tmp_path):
    with Server("memory:", f"unix://{tmp_path}/s") as server:
        yield server.addresses[1]


def test_the_worker_of_the_readme(address, capsys):
    async def main():
        await program(README_CLIENT, address)
        await asyncio.wait_for(program(README_WORKER, address), 30)

    asyncio.run(main())
    assert capsys.readouterr().out == "".join(f"{n} Hello world!\n" for n in range(11)) + "Finish!\n"


async def serving(worker, client, count, size=4):
    """Has the worker work. It takes another connection for that: only what that one has says it is there."""
    before = worker._worker
    task = asyncio.ensure_future(worker.work(size))
    while worker._worker is before:
        await asyncio.sleep(0)
    await has_functions(client, count)
    return task


async def has_functions(client, count):
    while sum(row["worker_count"] for row in (await client.status()).values()) < count:
        await asyncio.sleep(0.005)


def test_handlers_and_responses(address):
    """As with 1.0: transports, decorators, responses, lockers and blueprints."""

    async def main():
        client, worker, app = Client(), Worker(), Blueprint()
        seen = []

        @worker.func("upper")
        async def upper(job):
            await job.data(b"piece")
            return job.workload.upper()

        @worker.func("plain", locker=lambda job: ("one", 1))
        def plain(job):
            return jsonify({"name": job.name, "load": job.workload_json})

        @worker.func("broken", defrsp=done(b"a default"))
        async def broken(job):
            raise LookupError

        @worker.func("fails")
        async def fails(job):
            return fail()

        @app.func("later")
        async def later(job):
            seen.append(job.count)
            return sched_later(0, 2) if job.count < 4 else done()

        worker.blueprint(app)
        for peer in (client, worker):
            peer.set_prefix("test-")
            assert await peer.connect(Transport(address))
        task = await serving(worker, client, 5)
        pieces = []
        assert await client.run_job("upper", "a", b"abc", stream=pieces.append) == b"ABC"
        assert pieces == [b"piece"]
        assert await client.run_job("plain", "a", b"[1]") == b'{"name": "a", "load": [1]}'
        assert await client.run_job(func="broken", name="a") == b"a default"
        assert await client.run_job(job=Job("fails", "a", timeout=5)) == b"failed"
        assert await client.submit_job("later", "a")
        while len(seen) < 3 or (await client.status())["test-later"]["job_count"]:
            await asyncio.sleep(0.005)
        assert seen == [0, 2, 4]
        with pytest.raises(Exception, match="nobody can do"):
            await client.run_job("nobody", "a")
        task.cancel()
        await worker.close()
        await client.close()

    asyncio.run(main())


def test_the_style_of_0_2(address):
    async def main():
        client, worker = Client(), Worker()
        names = []

        async def task(job):
            names.append((job.func_name, job.name))
            if await job.acquire("l", 1):
                await job.release("l")
            await job.done(b"x")
            with pytest.raises(FinishedError):
                await job.fail()

        await worker.connect(open_connection, address)
        await worker.add_func("f", task)
        await client.connect(open_connection, address)
        running = await serving(worker, client, 1, size=2)
        assert await client.run_job(Job("f", "n")) == b"x"
        assert names == [("f", "n")]
        assert await client.submit_job(Job(func="g", name="n", sched_at=4_000_000_000))
        assert (await client.status())["g"]["job_count"] == 1
        assert await client.remove_job("g", "n") and await client.drop_func("g")
        assert list(await client.status()) == ["f"]

        async def connected():
            one = Client()
            await one.connect(open_connection, address)
            return one

        pool = Pool(connected, 2)
        async with pool.connection() as one:
            assert await one.ping()
        await one.close()
        running.cancel()
        await worker.close()
        await client.close()

    asyncio.run(main())
