"""What stays behind: nothing, of objects, of exceptions in handlers, of a million jobs."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import weakref

import pytest

import libperiodic
from libperiodic import AsyncClient, AsyncWorker, Client, Later, Loop, Server, Worker, _requests

JOBS = int(os.environ.get("PERIODIC_PYTHON_JOBS", "100000"))
BATCH = 1000


def resident() -> int:
    """Bytes of this process in memory."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def batches(count):
    for begin in range(0, count, BATCH):
        yield [("f", b"%d" % number, b"0123456789abcdef") for number in range(begin, begin + BATCH)]


def grown(once) -> int:
    """How much memory grows while something is done often, once it has been done a tenth as often."""
    once(JOBS // 10)
    gc.collect()
    before = resident()
    once(JOBS)
    gc.collect()
    return resident() - before


def test_many_jobs_leave_nothing_behind(caplog):
    caplog.set_level(logging.CRITICAL)
    with Loop() as loop, Server(loop=loop) as server, Client(server, loop=loop) as client:
        with Worker(server, loop=loop, concurrency=BATCH) as worker:

            @worker.func("f")
            def handler(job):
                return {b"7": b"a result", b"8": None}.get(job.name[-1:].encode())

            def once(count):
                for batch in batches(count):
                    client.submit_many(batch)
                    done = 0
                    while done < len(batch):
                        done += worker.run_pending()

            assert grown(once) < 4 << 20
            assert client.status()[0].jobs == 0


def test_many_jobs_on_an_event_loop_leave_nothing_behind():
    async def main() -> None:
        async with Server() as server, AsyncClient(server) as client:
            worker = AsyncWorker(server, concurrency=BATCH)
            done, target = 0, 0
            reached = asyncio.Event()

            @worker.func("f")
            async def handler(job):
                nonlocal done
                done += 1
                if done == target:
                    reached.set()
                return job.workload

            running = asyncio.ensure_future(worker.run(signals=False))

            async def once(count):
                nonlocal done, target
                reached.clear()
                done, target = 0, count
                for batch in batches(count):
                    await client.submit_many(batch)
                await reached.wait()

            await once(JOBS // 10)
            gc.collect()
            before = resident()
            await once(JOBS // 2)
            gc.collect()
            assert resident() - before < 4 << 20
            worker.stop()
            await running

    asyncio.run(main())
    assert not _requests._listeners


class Marker:
    """Something that a handler's frame holds."""


@pytest.mark.parametrize("end", ["return", "raise", "later", "cycle"])
def test_what_a_handler_held_goes_with_its_end(end, monkeypatch):
    # Those who keep a record keep what its exception holds; here nobody does.
    monkeypatch.setattr(logging.getLogger("libperiodic.worker"), "disabled", True)
    markers = []
    with Loop() as loop, Server(loop=loop) as server, Client(server, loop=loop) as client:
        with Worker(server, loop=loop) as worker:

            @worker.func("f")
            def handler(job):
                marker = Marker()
                markers.append(weakref.ref(marker))
                if end == "raise":
                    raise LookupError(marker)
                if end == "later":
                    raise Later(1000)
                if end == "cycle":
                    marker.job, marker.itself = job, marker

            client.submit("f", "n")
            while not markers:
                worker.run_pending()
            gc.collect()
            assert markers[0]() is None


def test_objects_go_without_the_collector():
    gc.collect()
    gc.disable()
    try:
        with Server() as server:
            objects = [Client(server), Worker(server), Worker(server)]
            objects[1].can_do("f")
            objects[0].submit("f", "n")
            job = objects[1].next(timeout=10)
            gone = [weakref.ref(one) for one in objects] + [weakref.ref(objects[0]._idle[0].loop)]
            del objects
            assert [one() for one in gone] == [None] * 4
            assert job.ended
            with pytest.raises(libperiodic.ClosedError):
                job.done()
    finally:
        gc.enable()


def test_an_event_loop_leaves_nothing():
    async def main() -> None:
        for _ in range(20):
            async with Server() as server, AsyncClient(server) as client:
                async with AsyncWorker(server) as worker:
                    await worker.can_do("f")
                    await client.submit("f", "n")
                    job = await worker.next(timeout=10)
                    await job.lock("l")
                    job.done()
                    await worker.drain()

    asyncio.run(main())
    descriptors = len(os.listdir("/proc/self/fd"))
    asyncio.run(main())
    gc.collect()
    assert len(os.listdir("/proc/self/fd")) == descriptors
    assert not _requests._listeners
    assert not [one for one in gc.get_objects() if isinstance(one, AsyncClient)]
