"""A pipeline: each page is fetched, its words are counted, and the counts are added up as they come.

Server, workers and the program that asks are in one process here, on one event loop; with an address
instead of the server they are where you like.
"""

import asyncio
import json
from collections import Counter

from libperiodic import AsyncClient, AsyncWorker, Server

PAGES = {"a": "to be or not to be", "b": "be quick", "c": "to sleep"}


async def main():
    async with Server() as server, AsyncClient(server) as client:
        worker = AsyncWorker(server, concurrency=8)

        @worker.func("fetch")
        async def fetch(job):
            await asyncio.sleep(0.01)
            return PAGES[job.name]

        @worker.func("count")
        async def count(job):
            text = (await client.run("fetch", job.name)).decode()
            for word in text.split():
                job.data(word)
            return Counter(text.split())

        running = asyncio.ensure_future(worker.run())
        while len(await client.status()) < 2:
            await asyncio.sleep(0)

        async def page(name):
            words = client.run_stream("count", name)
            return [word async for word in words], Counter(json.loads(words.result))

        total = Counter()
        for words, counts in await asyncio.gather(*map(page, PAGES)):
            assert sum(counts.values()) == len(words)
            total += counts
        print(*(f"{word}={number}" for word, number in sorted(total.items())))
        worker.stop()
        await running


asyncio.run(main())
