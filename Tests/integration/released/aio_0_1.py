"""aio-periodic 0.1.6 (generation 1) as a client or worker, with what makes it run today.

Arguments: the address, client or worker.
"""

from __future__ import annotations

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
from player import Runs, play  # noqa: E402

awaitable(Job, "done", "fail", "sched_later")


class OfClient:
    def __init__(self, client: Client):
        self.client = client

    async def submit(self, func, name, workload="", at=0, timeout=0, count=0):
        return await self.client.submitJob(
            {"func": func, "name": name, "workload": workload, "sched_at": at, "timeout": timeout}
        )

    async def submit_many(self, func, count):
        jobs = (self.client.submitJob({"func": func, "name": str(n)}) for n in range(count))
        return sum(await asyncio.gather(*jobs))

    async def status(self):
        return await self.client.status()

    async def drop(self, func):
        return await self.client.dropFunc(func)

    async def ping(self):
        return await self.client.ping()


class OfWorker:
    def __init__(self, worker: Worker):
        self.worker = worker
        self.runs = Runs(self.finish)
        self.working = []

    async def finish(self, job, how, *rest):
        match how:
            case "done":
                return await job.done()
            case "fail":
                return await job.fail()
            case "later":
                return await job.sched_later(rest[0])

    async def can_do(self, func):
        await self.worker.add_func(func)

    async def cannot_do(self, func):
        await self.worker.remove_func(func)

    async def start(self, size):
        self.working = [asyncio.ensure_future(self.grab()) for _ in range(size)]

    async def grab(self):
        while True:
            job = await self.worker.grabJob()
            await self.runs.work(job, job.func_name, job.name, job.workload, None)


async def main(address: str, role: str) -> None:
    peer = Client() if role == "client" else Worker()
    peer.add_server(address)
    await peer.connect()
    if role == "client":
        await play(OfClient(peer))
    else:
        methods = OfWorker(peer)
        await play(methods, methods.runs)


asyncio.new_event_loop().run_until_complete(main(*sys.argv[1:]))
