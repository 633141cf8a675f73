"""Python's job queues beside one another: submits, and handlers that do nothing.

    python_queues.py table ROUNDS       measures all in turn, and prints and writes the table
    python_queues.py run NAME JOBS      measures one in this process, and prints its seconds

Each contender submits its jobs in the way that its documentation begins with, waits for the last word, and then
has one worker in one process do them. Those that have batches have a row for them.
"""

from __future__ import annotations

import asyncio
import json
import os
import pathlib
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager

ROOT = pathlib.Path(__file__).resolve().parents[2]
DAEMON = ROOT / ".build/release/periodic-cli"
LOAD = b"0123456789abcdef"
BATCH = 1000


class Watch:
    """Seconds of the two halves."""

    def __init__(self):
        self.begin = time.perf_counter()
        self.submitted = self.done = 0.0

    def has_submitted(self):
        self.submitted = time.perf_counter() - self.begin
        self.begin = time.perf_counter()

    def has_done(self):
        self.done = time.perf_counter() - self.begin


@contextmanager
def started(*command, ready):
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while not os.path.exists(ready):
            time.sleep(0.01)
        yield
    finally:
        process.terminate()
        process.wait()


@contextmanager
def daemon(place, store="memory:"):
    address = f"unix://{place}/periodic"
    command = [DAEMON, "-d", "-H", address, "--store", store, "--log-level", "error"]
    with started(*command, ready=f"{place}/periodic"):
        yield address


@contextmanager
def redis(place):
    path = f"{place}/redis"
    command = ["redis-server", "--port", "0", "--unixsocket", path, "--save", "", "--dir", place]
    with started(*command, ready=path):
        yield path


def batches(count):
    for begin in range(0, count, BATCH):
        yield [("f", b"%d" % number, LOAD) for number in range(begin, begin + BATCH)]


def periodic_batches(place, count, watch):
    from libperiodic import Client, Loop, Server, Worker

    with Loop() as loop, Server(loop=loop) as server, Client(server, loop=loop) as client:
        with Worker(server, loop=loop, concurrency=BATCH) as worker:
            worker.can_do("f")
            for batch in batches(count):
                client.submit_many(batch)
            watch.has_submitted()
            left = count
            while left:
                jobs = worker.next_many(BATCH)
                worker.done_many(jobs)
                left -= len(jobs)
            watch.has_done()


def periodic_handlers(place, count, watch):
    from libperiodic import Client, Loop, Server, Worker

    with Loop() as loop, Server(loop=loop) as server, Client(server, loop=loop) as client:
        worker = Worker(server, loop=loop, concurrency=BATCH)
        left = count

        @worker.func("f")
        def handler(job):
            nonlocal left
            left -= 1
            if not left:
                worker.stop()

        for batch in batches(count):
            client.submit_many(batch)
        watch.has_submitted()
        worker.run()
        watch.has_done()


async def periodic_asyncio(server, count, watch, one_by_one=False):
    from libperiodic import AsyncClient, AsyncWorker

    worker = AsyncWorker(server, concurrency=BATCH)
    left = count

    @worker.func("f")
    async def handler(job):
        nonlocal left
        left -= 1
        if not left:
            worker.stop()

    async with AsyncClient(server) as client:
        for batch in batches(count):
            if one_by_one:
                await asyncio.gather(*(client.submit(*job) for job in batch))
            else:
                await client.submit_many(batch)
        watch.has_submitted()
        await worker.run()
        watch.has_done()


def periodic_asyncio_memory(place, count, watch):
    from libperiodic import Server

    async def main():
        async with Server() as server:
            await periodic_asyncio(server, count, watch)

    asyncio.run(main())


def periodic_asyncio_file(place, count, watch):
    from libperiodic import Server

    async def main():
        async with Server(f"file:{place}/jobs") as server:
            await periodic_asyncio(server, count, watch)

    asyncio.run(main())


def periodic_daemon(place, count, watch):
    with daemon(place) as address:
        asyncio.run(periodic_asyncio(address, count, watch, one_by_one=True))


def periodic_single(place, count, watch):
    """A blocking call for each job, as a web application makes them."""
    from libperiodic import Client, Server, Worker

    with Server(f"file:{place}/jobs") as server, Client(server) as client:
        worker = Worker(server, concurrency=BATCH)
        left = count

        @worker.func("f")
        def handler(job):
            nonlocal left
            left -= 1
            if not left:
                worker.stop()

        for number in range(count):
            client.submit("f", str(number), LOAD)
        watch.has_submitted()
        worker.run()
        watch.has_done()


def aio_periodic(place, count, watch):
    from aio_periodic import Client, Transport, Worker

    async def main(address):
        client, worker = Client(), Worker()
        left, over = count, asyncio.Event()

        async def handler(job):
            nonlocal left
            left -= 1
            if not left:
                over.set()

        await client.connect(Transport(address))
        for batch in batches(count):
            await asyncio.gather(
                *(client.submit_job("f", name.decode(), load) for _, name, load in batch)
            )
        watch.has_submitted()
        worker.func("f")(handler)
        await worker.connect(Transport(address))
        watch.begin = time.perf_counter()
        working = asyncio.ensure_future(worker.work(100))
        await over.wait()
        watch.has_done()
        working.cancel()

    with daemon(place) as address:
        asyncio.run(main(address))


def huey(kind):
    def measure(place, count, watch):
        from huey import MemoryHuey, SqliteHuey

        queue = MemoryHuey() if kind == "memory" else SqliteHuey(filename=f"{place}/huey", fsync=True)
        left = count

        @queue.task()
        def handler(load):
            nonlocal left
            left -= 1

        for _ in range(count):
            handler(LOAD)
        watch.has_submitted()
        # What a consumer's worker does, without its thread.
        while left:
            queue.execute(queue.dequeue())
        watch.has_done()

    return measure


def nothing(load):
    """What RQ imports."""


def rq(place, count, watch):
    import logging

    from redis import Redis
    from rq import Queue, SimpleWorker

    logging.disable(logging.CRITICAL)
    with redis(place) as path:
        connection = Redis(unix_socket_path=path)
        queue = Queue(connection=connection)
        sys.modules["python_queues"] = sys.modules["__main__"]
        for _ in range(count):
            queue.enqueue("python_queues.nothing", LOAD)
        watch.has_submitted()
        SimpleWorker([queue], connection=connection).work(burst=True, logging_level="CRITICAL")
        watch.has_done()


def arq(place, count, watch):
    from arq import create_pool
    from arq.connections import RedisSettings
    from arq.worker import Worker

    async def handler(context, load):
        pass

    # The name that jobs call it by.
    handler.__qualname__ = "handler"

    async def main(path):
        settings = RedisSettings(unix_socket_path=path)
        pool = await create_pool(settings)
        for begin in range(0, count, 100):
            await asyncio.gather(*(pool.enqueue_job("handler", LOAD) for _ in range(begin, begin + 100)))
        watch.has_submitted()
        worker = Worker(
            functions=[handler], redis_settings=settings, burst=True, max_jobs=100, poll_delay=0,
            handle_signals=False, queue_read_limit=1000,
        )
        await worker.main()
        watch.has_done()
        await worker.close()

    with redis(place) as path:
        asyncio.run(main(path))


# name: (how it is measured, jobs, what the reader should know)
CONTENDERS = {
    "libperiodic, batches": (periodic_batches, 500_000, "one thread, memory; `submit_many`, `next_many`, `done_many`"),
    "libperiodic, handlers": (periodic_handlers, 500_000, "one thread, memory; `submit_many`, plain handlers"),
    "libperiodic, asyncio": (periodic_asyncio_memory, 200_000, "one thread, memory; `submit_many`, async handlers"),
    "libperiodic, asyncio, file": (periodic_asyncio_file, 200_000, "the same, each batch on disk before it is answered"),
    "libperiodic, single submits, file": (periodic_single, 5_000, "a blocking call for each job, each on disk"),
    "libperiodic, daemon": (periodic_daemon, 50_000, "another process, memory; a task for each submit, async handlers"),
    "aio-periodic 1.0.0, daemon": (aio_periodic, 10_000, "the same daemon; a task for each submit, async handlers"),
    "huey, memory": (huey("memory"), 20_000, "one thread"),
    "huey, SQLite": (huey("sqlite"), 2_000, "one thread, each job on disk (`fsync=True`)"),
    "RQ, Redis": (rq, 2_000, "another process, memory; SimpleWorker, which does not fork"),
    "arq, Redis": (arq, 2_000, "another process, memory; 100 submits at a time, async handlers"),
}


def run(name, count):
    measure, _, _ = CONTENDERS[name]
    # On the disk that is measured.
    place = tempfile.mkdtemp(dir=os.environ.get("BENCH_DIR", ROOT / ".build"))
    before, watch = cpu(), Watch()
    try:
        measure(place, count, watch)
    finally:
        shutil.rmtree(place, ignore_errors=True)
    print(json.dumps([watch.submitted, watch.done, cpu() - before]), flush=True)


def cpu():
    """Seconds of this process and of the servers that have ended."""
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


def measured(name, count):
    """Jobs a second of the two halves and of both, and microseconds of CPU time for each."""
    line = [sys.executable, __file__, "run", name, str(count)]
    said = subprocess.run(line, capture_output=True, text=True, timeout=600)
    if said.returncode:
        raise SystemExit(f"{name}:\n{said.stderr}")
    submitted, done, used = json.loads(said.stdout.splitlines()[-1])
    return count / submitted, count / done, count / (submitted + done), used / count * 1e6


def number(value):
    if value < 100:
        return f"{value:.1f}"
    return f"{value:,.0f}" if value < 10_000 else f"{round(value, -3):,.0f}"


def table(rounds):
    quick = bool(os.environ.get("QUICK"))
    only = tuple(os.environ.get("ONLY", "").split(","))
    chosen = {name: row for name, row in CONTENDERS.items() if name.startswith(only)}
    figures = {name: [] for name in chosen}
    for _ in range(rounds):
        # In turns, so that what else the machine does meets all alike.
        for name, (_, count, _) in chosen.items():
            figures[name].append(measured(name, max(1000, count // 10) if quick else count))
            print(name, *map(number, figures[name][-1]), file=sys.stderr, flush=True)
    lines = [
        "| | submits/s | runs/s | both/s | least and most | CPU µs/job | how |",
        "| --- | ---: | ---: | ---: | ---: | ---: | --- |",
    ]
    for name, (_, _, words) in chosen.items():
        submits, runs, both, used = (statistics.median(column) for column in zip(*figures[name]))
        whole = [one[2] for one in figures[name]]
        span = f"{number(min(whole))} – {number(max(whole))}"
        rates = " | ".join(map(number, (submits, runs, both)))
        lines.append(f"| {name} | {rates} | {span} | {number(used)} | {words} |")
    text = "\n".join(lines)
    print(text)
    if not quick and only == ("",):
        write(text, rounds)


def write(text, rounds):
    page = ROOT / "docs" / "python-performance.md"
    head, mark, _ = page.read_text().partition("<!-- the table -->\n")
    when = time.strftime("%Y-%m-%d %H:%M")
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}, load {os.getloadavg()[1]:.1f}"
    page.write_text(f"{head}{mark}\n{when}, {rounds} rounds, {machine}; medians.\n\n{text}\n")


if __name__ == "__main__":
    if sys.argv[1] == "run":
        run(sys.argv[2], int(sys.argv[3]))
    else:
        table(int(sys.argv[2]))
