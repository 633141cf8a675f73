"""aio-periodic 0.2.8 against the daemon: submits, grabs, done, fail, sched_later. Argument: the address."""

import asyncio
import sys

from aio_periodic import Client, Worker, open_connection
from aio_periodic.types.job import Job


async def main(address: str) -> None:
    client, worker = Client(), Worker()
    runs = {"done": 0, "fail": 0, "later": 0}
    over = asyncio.Event()

    async def work(job):
        runs[job.name] += 1
        print(job.name, runs[job.name], job.workload.decode(), flush=True)
        if runs == {"done": 1, "fail": 2, "later": 2}:
            over.set()
        if job.name == "fail" and runs["fail"] == 1:
            await job.fail()
        elif job.name == "later" and runs["later"] == 1:
            await job.sched_later(1, 7)
        else:
            await job.done(b"ok")

    await worker.connect(open_connection, address)
    await worker.add_func("echo", work)
    await client.connect(open_connection, address)
    for name in runs:
        assert await client.submit_job(Job("echo", name, b"hi"))
    await worker.work(4)
    await asyncio.wait_for(over.wait(), 30)
    while (await client.status())["echo"]["job_count"]:
        await asyncio.sleep(0.05)
    assert await client.remove_job("echo", "nothing")
    print("ok", flush=True)


asyncio.get_event_loop().run_until_complete(main(sys.argv[1]))
