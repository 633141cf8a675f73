"""aio-periodic 0.1.6 (generation 1) against the daemon, with what makes its coroutines run today."""

import asyncio
import sys
import types

# The module was written for generator-based coroutines, which Python dropped in 3.11.
asyncio.coroutine = types.coroutine

from aio_periodic import Client, Worker, utils  # noqa: E402

utils.open_connection = types.coroutine(utils.open_connection)


def awaitable(owner, *names):
    for name in names:
        setattr(owner, name, types.coroutine(getattr(owner, name)))


awaitable(utils.BaseClient, "_connect", "loop_agent", "ping", "connect")
awaitable(Client, "submitJob", "status", "dropFunc")
awaitable(Worker, "grabJob", "add_func", "remove_func")
if not hasattr(asyncio, "Task") or sys.version_info >= (3, 12):
    utils.asyncio.Task = asyncio.ensure_future

from aio_periodic.job import Job  # noqa: E402

awaitable(Job, "done", "fail", "sched_later")


async def main(address: str) -> None:
    client, worker = Client(), Worker()
    client.add_server(address)
    worker.add_server(address)
    await client.connect()
    await worker.connect()
    await worker.add_func("echo")
    # 200 bytes: the header of this client is garbled from 128 on (PROTOCOL 1.3).
    assert await client.submitJob({"func": "echo", "name": "long", "workload": "x" * 200})
    job = await worker.grabJob()
    assert (job.name, job.workload) == ("long", "x" * 200)
    await job.done()
    assert await client.submitJob({"func": "echo", "name": "n", "workload": "hi"})
    for step in ("fail", "later", "done"):
        job = await worker.grabJob()
        print(step, job.name, job.workload, flush=True)
        if step == "fail":
            await job.fail()
        elif step == "later":
            await job.sched_later(1)
        else:
            await job.done()
    while (await client.status())["echo"]["job_count"]:
        await asyncio.sleep(0.05)
    assert not await client.submitJob({"func": "echo", "name": ""})
    await worker.remove_func("echo")
    assert await client.dropFunc("echo")
    print("ok", flush=True)


asyncio.new_event_loop().run_until_complete(main(sys.argv[1]))
