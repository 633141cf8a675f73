"""A worker in asyncio: many downloads at a time, each tried again later if it fails.

asyncio_worker.py ADDRESS     jobs of "fetch" have a host and a port as JSON; the result is the first line.
"""

import asyncio
import logging
import sys

from libperiodic import AsyncWorker, Later

worker = AsyncWorker(sys.argv[1], concurrency=100)


@worker.func("fetch")
async def fetch(job):
    try:
        reader, writer = await asyncio.open_connection(*job.json())
    except OSError:
        # In 1, 2, 4, ... seconds, at most an hour; job.count is how often that was.
        raise Later(min(2**job.count, 3600)) from None
    job.data("connected")
    writer.write(b"GET / HTTP/1.0\r\n\r\n")
    line = await reader.readline()
    writer.close()
    return line


logging.basicConfig(level="INFO")
asyncio.run(worker.run())
