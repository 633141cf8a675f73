"""What the scripts of all released clients share: orders in, results and events out, JSON lines.

A script gives `play` an object with the client's or worker's methods. A worker does what a job's
workload says, so that any client's job can be tried on any worker:

    done [TEXT]         ends well, with a result where the client has one
    fail, later [S C]   so the first time, done the second
    data A B ...        sends a part at each "go NAME", and is done at one more
    lock NAME MAX       takes the lock, and holds it for a moment
    hold                runs until the test says "go NAME"
"""

from __future__ import annotations

import asyncio
import json
import sys
import time


def say(**fields) -> None:
    fields["time"] = time.monotonic()
    print(json.dumps(fields), flush=True)


class Runs:
    """What a worker's jobs do; `finish` is the script's: (job, how, *arguments) -> awaitable."""

    def __init__(self, finish):
        self.finish = finish
        self.seen: dict[tuple[str, str], int] = {}
        self.held: dict[str, asyncio.Event] = {}

    async def work(self, job, function: str, name: str, workload: str, count: int | None) -> None:
        key = (function, name)
        self.seen[key] = self.seen.get(key, 0) + 1
        say(event="run", func=function, name=name, workload=workload, count=count)
        what, *rest = workload.split(" ")
        if what in ("fail", "later") and self.seen[key] == 1:
            return await self.finish(job, what, *[int(number) for number in rest])
        if what == "data":
            for part in rest:
                await self.hold(name)
                await self.finish(job, "data", part)
                say(event="sent", func=function, part=part)
        if what in ("hold", "data"):
            await self.hold(name)
        if what == "lock":
            if not await self.finish(job, "acquire", rest[0], int(rest[1])):
                return say(event="queued", func=function, name=name)
            say(event="enter", func=function, name=name)
            await asyncio.sleep(0.05)
            say(event="leave", func=function, name=name)
        await self.finish(job, "done", " ".join(rest))
        say(event="done", func=function, name=name)

    async def hold(self, name: str) -> None:
        await self.held.setdefault(name, asyncio.Event()).wait()
        del self.held[name]

    def go(self, name: str) -> None:
        self.held.setdefault(name, asyncio.Event()).set()


async def play(methods, worker: Runs | None = None) -> None:
    """Carries out one order a line: {"id": 1, "do": "submit", ...}. Orders run side by side."""

    async def carry_out(order: dict) -> None:
        number, method = order.pop("id"), order.pop("do")
        try:
            if method == "mark":
                result = None
            elif method == "go":
                result = worker.go(order["name"])
            else:
                result = await getattr(methods, method)(**order)
            if isinstance(result, bytes):
                result = result.decode("latin-1")
            say(id=number, result=result)
        except Exception as problem:  # Told to the test, which judges it.
            say(id=number, error=f"{type(problem).__name__}: {problem}")

    reader = asyncio.StreamReader(limit=1 << 24)
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    say(event="ready")
    running = set()
    while line := await reader.readline():
        task = asyncio.ensure_future(carry_out(json.loads(line)))
        running.add(task)
        task.add_done_callback(running.discard)
