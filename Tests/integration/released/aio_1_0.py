"""aio-periodic 1.0.0 as a client or worker. Arguments: the address, client or worker, an identity.

An identity, NAME:TOKEN, is what its next version registers with; 1.0.0 sends it as its type.
"""

from __future__ import annotations

import asyncio
import struct
import sys

from aio_periodic import Client, Worker
from aio_periodic.transport import Transport
from player import Runs, play


class OfClient:
    def __init__(self, client: Client):
        self.client = client

    async def submit(self, func, name, workload="", at=0, timeout=0, count=0):
        return await self.client.submit_job(
            func, name, workload=workload.encode(), sched_at=at, timeout=timeout, count=count
        )

    async def submit_many(self, func, count):
        jobs = (self.client.submit_job(func, str(number)) for number in range(count))
        return sum(await asyncio.gather(*jobs))

    async def run(self, func, name, workload="", timeout=0):
        return await self.client.run_job(func, name, workload=workload.encode(), timeout=timeout)

    async def stream(self, func, name, workload):
        """The parts that came, and the result; None where this client lost it.

        It cancels its own stream if that has not quite ended when the result comes.
        """
        parts, result = [], None
        try:
            result = await self.client.run_job(
                func, name, workload=workload.encode(), timeout=10, stream=parts.append
            )
        except asyncio.CancelledError:
            pass
        return [[part.decode() for part in parts], result and result.decode()]

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
        return await self.runs.work(
            job, job.func_name, job.name, job.workload.decode(), job.payload.count
        )

    async def finish(self, job, how, *rest):
        match how:
            case "done":
                return await job.done(rest[0].encode())
            case "fail":
                return await job.fail()
            case "later":
                return await job.sched_later(*rest)
            case "data":
                return await job.data(rest[0].encode())
            case "acquire":
                return await job.acquire(*rest)

    async def can_do(self, func):
        return await self.worker.add_func(func, self.do)

    async def broadcast(self, func):
        return await self.worker.broadcast(func, self.do)

    async def cannot_do(self, func):
        return await self.worker.remove_func(func)

    async def start(self, size):
        self.working = asyncio.ensure_future(self.worker.work(size))


async def main(address: str, role: str, identity: str = "") -> None:
    peer = Client() if role == "client" else Worker()
    if identity:
        parts = (part.encode() for part in identity.split(":"))
        texts = b"".join(struct.pack(">Q", len(part)) + part for part in parts)
        peer._clientType = (b"\3" if role == "client" else b"\4") + texts
    await peer.connect(Transport(address))
    if role == "client":
        await play(OfClient(peer))
    else:
        methods = OfWorker(peer)
        await play(methods, methods.runs)


asyncio.run(main(*sys.argv[1:]))
