"""aio-periodic 0.2.1 or 0.2.8 as a client or worker. Arguments: the address, client or worker."""

from __future__ import annotations

import asyncio
import sys

from aio_periodic import Client, Worker, open_connection
from aio_periodic.types import base_client
from aio_periodic.types.job import Job
from player import Runs, play

# 0.2.1 has no reconnecting, and takes message ids by chance without looking whether one is in use.
IS_FIRST = not hasattr(base_client.BaseClient, "submit_job")


class Counting:
    """Message ids of four hexadecimal digits one after the other, so that no two are the same."""

    last = 0

    @classmethod
    def uuid4(cls):
        cls.last += 1
        return type("Number", (), {"hex": f"{cls.last & 0xFFFF:04x}"})


if IS_FIRST:
    base_client.uuid = Counting


class OfClient:
    def __init__(self, client: Client):
        self.client = client

    async def submit(self, func, name, workload="", at=0, timeout=0, count=0):
        return await self.client.submit_job(
            Job(func, name, workload.encode(), at, count, timeout)
        )

    async def submit_many(self, func, count):
        jobs = (self.client.submit_job(Job(func, str(number))) for number in range(count))
        return sum(await asyncio.gather(*jobs))

    async def run(self, func, name, workload="", timeout=0):
        reply = await self.client.run_job(Job(func, name, workload.encode(), timeout=timeout))
        if not IS_FIRST:
            return reply
        if reply[:1] == b"\x1d":
            raise LookupError("no worker")
        assert reply[:1] == b"\x1e", reply
        return reply[1:]

    async def status(self):
        return await self.client.status()

    async def remove(self, func, name):
        return await self.client.remove_job(func, name)

    async def drop(self, func):
        return await self.client.drop_func(func)

    async def ping(self):
        return await self.client.ping()


class OfWorker:
    def __init__(self, worker: Worker):
        self.worker = worker
        self.runs = Runs(self.finish)

    async def do(self, job):
        count = getattr(job.payload, "count", 0)
        return await self.runs.work(job, job.func_name, job.name, job.workload.decode(), count)

    async def finish(self, job, how, *rest):
        match how:
            case "done":
                return await job.done(rest[0].encode())
            case "fail":
                return await job.fail()
            case "later":
                return await job.sched_later(*rest)
            case "acquire":
                return await job.acquire(*rest)

    async def can_do(self, func):
        await self.worker.add_func(func, self.do)

    async def broadcast(self, func):
        await self.worker.broadcast(func, self.do)

    async def cannot_do(self, func):
        await self.worker.remove_func(func)

    async def start(self, size):
        started = self.worker.work(size)
        if started is not None:
            await started


async def main(address: str, role: str) -> None:
    peer = Client() if role == "client" else Worker()
    if IS_FIRST:
        await peer.connect(*await open_connection(address))
    else:
        await peer.connect(open_connection, address)
    if role == "client":
        await play(OfClient(peer))
    else:
        methods = OfWorker(peer)
        await play(methods, methods.runs)


asyncio.get_event_loop().run_until_complete(main(*sys.argv[1:]))
