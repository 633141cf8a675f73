"""aio-periodic 1.0.0 against the daemon: submits, grabs, done, fail, sched_later. Argument: the address."""

import asyncio
import sys

from aio_periodic import Client, Worker
from aio_periodic.rsp import SchedLaterResponse
from aio_periodic.transport import Transport


async def main(address: str) -> None:
    client, worker = Client(), Worker()
    runs = {"done": 0, "fail": 0, "later": 0}
    over = asyncio.Event()

    @worker.func("echo")
    async def work(job):
        runs[job.name] += 1
        print(job.name, runs[job.name], job.workload.decode(), job.payload.count, flush=True)
        if runs == {"done": 1, "fail": 2, "later": 2}:
            over.set()
        if job.name == "fail" and runs["fail"] == 1:
            await job.fail()
        elif job.name == "later" and runs["later"] == 1:
            return SchedLaterResponse(1, 7)
        else:
            await job.done(b"ok")

    await worker.connect(Transport(address))
    await client.connect(Transport(address))
    assert await client.ping()
    for name in runs:
        assert await client.submit_job("echo", name, workload=b"hi")
    working = asyncio.create_task(worker.work(4))
    await asyncio.wait_for(over.wait(), 30)
    while (await client.status())["echo"]["job_count"]:
        await asyncio.sleep(0.05)
    assert await client.remove_job("echo", "nothing")
    assert not await client.submit_job("echo", "")
    working.cancel()
    print("ok", flush=True)


asyncio.run(main(sys.argv[1]))
