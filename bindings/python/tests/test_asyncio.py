"""Server, clients and workers on one event loop, without a thread."""

from __future__ import annotations

import asyncio
import gc
import threading
import weakref

import pytest

import libperiodic
from libperiodic import AsyncClient, AsyncWorker, Later, Server
from libperiodic._aio import Driver


def run(body):
    """Runs a test, after which nothing is left on the event loop, and no thread was made."""

    async def whole() -> None:
        threads = threading.active_count()
        await asyncio.wait_for(body(), 60)
        assert threading.active_count() == threads
        assert id(asyncio.get_running_loop()) not in Driver._drivers

    asyncio.run(whole())


def working(worker):
    return asyncio.ensure_future(worker.run(signals=False))


async def has_functions(client, count=1):
    while len(await client.status()) < count:
        await asyncio.sleep(0)


def test_a_job_is_done_by_a_coroutine():
    async def body():
        async with Server() as server, AsyncClient(server) as client:
            worker = AsyncWorker(server)
            sleeping = asyncio.Event()

            @worker.func("double")
            async def double(job):
                await sleeping.wait()
                return job.json() * 2

            @worker.func("plain")
            def plain(job):
                return job.name.upper()

            task = working(worker)
            await has_functions(client, 2)
            runs = [asyncio.ensure_future(client.run("double", str(n), json=n)) for n in range(50)]
            assert await client.run("plain", "word") == b"WORD"
            assert len(worker._tasks) == 50
            sleeping.set()
            assert await asyncio.gather(*runs) == [b"%d" % (2 * n) for n in range(50)]
            worker.stop()
            await task
            assert worker.closed and worker.stopping

    run(body)


def test_never_more_than_the_limit_at_a_time():
    async def body():
        async with Server() as server, AsyncClient(server) as client:
            worker = AsyncWorker(server, concurrency=7)
            now = most = done = 0

            @worker.func("f")
            async def handler(job):
                nonlocal now, most, done
                now += 1
                most = max(most, now)
                await asyncio.sleep(0.001)
                now -= 1
                done += 1
                if done == 100:
                    worker.stop()

            await client.submit_many([("f", str(n)) for n in range(100)])
            await worker.run(signals=False)
            assert (most, done) == (7, 100)
            assert (await client.status())[0].jobs == 0

    run(body)


def test_data_results_and_locks():
    async def body():
        async with Server() as server, AsyncClient(server) as client:
            worker = AsyncWorker(server)

            @worker.func("count")
            async def count(job):
                assert await job.lock("counting", 2)
                for number in range(job.json()):
                    job.data(str(number))
                    await asyncio.sleep(0)
                job.release("counting")
                return {"counted": True}

            task = working(worker)
            await has_functions(client)
            async with client.run_stream("count", "n", json=5) as stream:
                pieces = [piece async for piece in stream]
            assert pieces == [b"0", b"1", b"2", b"3", b"4"]
            assert stream.result == b'{"counted":true}'
            with pytest.raises(libperiodic.NoWorkerError):
                async for _ in client.run_stream("nobody", "n"):
                    raise AssertionError
            with pytest.raises(libperiodic.NoWorkerError):
                await client.run("nobody", "n")
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    run(body)


def test_exceptions_and_later(caplog):
    async def body():
        async with Server() as server, AsyncClient(server) as client:
            worker = AsyncWorker(server)
            seen = []

            @worker.func("f")
            async def handler(job):
                seen.append((job.name, job.count))
                await asyncio.sleep(0)
                if job.name == "fails" and len(seen) < 3:
                    raise LookupError("a reason")
                if job.name == "later" and job.count == 0:
                    raise Later(0)
                if len(seen) == 4:
                    worker.stop()

            await client.submit("f", "fails")
            await client.submit("f", "later")
            await worker.run(signals=False)
            assert sorted(seen) == [("fails", 0), ("fails", 0), ("later", 0), ("later", 1)]
            assert "LookupError: a reason" in caplog.text

    run(body)


def test_every_request_has_its_coroutine(tmp_path):
    async def body():
        async with Server(f"file:{tmp_path}/jobs") as server, AsyncClient(server) as client:
            await client.ping()
            # These travel together.
            await asyncio.gather(*(client.submit("f", str(n), delay=3600) for n in range(300)))
            ends = await client.submit_many([("f", "x", "", 4_000_000_000), ("f", "n" * 256)])
            assert ends[0] is None and isinstance(ends[1], libperiodic.LimitError)
            with pytest.raises(libperiodic.LimitError):
                await client.submit("", "n")
            assert (await client.status())[0].jobs == 301
            assert len(list(server.jobs(timeout=0))) == 301
            await client.remove("f", "x")
            listed = await client.dump()
            await client.drop("f")
            assert await client.status() == []
            await client.load(listed)
            assert (await client.status())[0].jobs == 300
            await client.set_setting("timeout", 7)
            assert await client.get_setting("timeout") == 7
            await client.shutdown()

    run(body)


def test_waiting_can_be_cancelled_and_times_out(tmp_path):
    async def body():
        async with AsyncClient(f"unix://{tmp_path}/nobody") as client:
            with pytest.raises(TimeoutError):
                await client.ping(timeout=0.05)
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(client.ping(), 0.05)
            waiting = [asyncio.ensure_future(call) for call in (client.ping(), client.submit("f", "n"))]
            await asyncio.sleep(0.01)
            await client.close()
            await client.close()
            for one in waiting:
                with pytest.raises(libperiodic.CanceledError):
                    await one
            with pytest.raises(libperiodic.ClosedError):
                await client.ping()

    run(body)


def test_jobs_can_be_taken_one_by_one():
    async def body():
        async with Server() as server, AsyncClient(server) as client, AsyncWorker(server) as worker:
            await worker.can_do("f")
            assert await worker.next(timeout=0.01) is None
            await client.submit_many([("f", name) for name in "abc"])
            names = []
            async for job in worker:
                names.append(job.name)
                job.done()
                if len(names) == 3:
                    break
            assert names == ["a", "b", "c"]
            taker = asyncio.ensure_future(worker.next())
            await asyncio.sleep(0)
            await worker.close()
            with pytest.raises(libperiodic.ClosedError):
                await taker

    run(body)


def test_handlers_that_are_too_slow_to_stop_are_cancelled():
    async def body():
        async with Server() as server, AsyncClient(server) as client:
            worker = AsyncWorker(server, grace=0.05)
            begun = asyncio.Event()

            @worker.func("f")
            async def handler(job):
                begun.set()
                await asyncio.sleep(3600)

            await client.submit("f", "n")
            task = working(worker)
            await begun.wait()
            worker.stop()
            await task
            # The server has it back.
            while (await client.status())[0].running:
                await asyncio.sleep(0)
            assert [job.count for job in server.jobs()] == [0]

    run(body)


def test_the_server_may_live_in_a_thread_and_everything_ends():
    async def body():
        with Server() as server:
            async with AsyncClient(server) as client:
                await client.submit("f", "n")

    asyncio.run(body())
    gc.collect()
    assert not [thread for thread in threading.enumerate() if thread.name == "libperiodic"]


def test_what_nobody_closed_goes_with_the_event_loop():
    async def main():
        server = await Server().__aenter__()
        client = AsyncClient(server)
        await client.submit("f", "n")
        return weakref.ref(client), weakref.ref(asyncio.get_running_loop())

    left = asyncio.run(main())
    gc.collect()
    assert [one() for one in left] == [None, None]


def test_a_task_of_a_handler_is_a_task():
    """Time limits of asyncio need the task that runs them."""

    async def body():
        async with Server() as server, AsyncClient(server) as client:
            worker = AsyncWorker(server)
            tasks = []

            @worker.func("f")
            async def handler(job):
                tasks.append(asyncio.current_task())
                with pytest.raises(asyncio.TimeoutError):
                    await asyncio.wait_for(asyncio.sleep(10), 0.001)

            task = working(worker)
            await has_functions(client)
            await client.run("f", "n")
            assert tasks[0] is not None and tasks[0] not in (task, asyncio.current_task())
            worker.stop()
            await task

    run(body)
