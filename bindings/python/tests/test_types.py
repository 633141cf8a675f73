"""What a type checker says of the package and of a program that uses it."""

from __future__ import annotations

import pathlib
import subprocess
import sys

import libperiodic

PROGRAM = '''
import asyncio
from collections.abc import Iterator
from libperiodic import (
    AsyncClient, AsyncJob, AsyncWorker, Client, Job, JobInfo, Later, PeriodicError, Server, Worker,
    StoreFullError, TimedOutError,
)
from libperiodic.aio_periodic import Worker as OldWorker
from libperiodic.testing import Sandbox

worker = Worker("unix:///tmp/s", concurrency=4)
coroutines = AsyncWorker(concurrency=10)

@worker.func("plain", pool="thread")
def plain(job: Job) -> bytes:
    name: str = job.name
    return job.workload

@coroutines.func("async")
async def later(job: AsyncJob) -> dict[str, int]:
    if not await job.lock("l", 2):
        return {}
    raise Later(5)

async def main() -> None:
    async with Server("memory:") as server, AsyncClient(server) as client:
        result: bytes = await client.run("f", "n", json={"a": 1})
        async for piece in client.run_stream("f", "n"):
            reveal_type(piece)
        ends: list[PeriodicError | None] = await client.submit_many([("f", "n"), ("f", "m", b"x")])

with Server() as server, Client(server) as client:
    jobs: Iterator[JobInfo] = server.jobs()
    try:
        client.submit("f", "n", delay=1.5)
    except (TimedOutError, StoreFullError) as error:
        code: int = error.code
    client.submit("f", 7)
'''


def checked(*arguments: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--cache-dir=/dev/null", *arguments],
        capture_output=True,
        text=True,
        timeout=300,
    )
    return done.returncode, done.stdout + done.stderr


def test_the_package_is_strictly_typed():
    package = pathlib.Path(libperiodic.__file__).parent
    assert (package / "py.typed").exists()
    code, said = checked("-p", "libperiodic")
    assert code == 0, said


def test_a_program_is_checked_against_it(tmp_path):
    path = tmp_path / "program.py"
    path.write_text("from __future__ import annotations\n" + PROGRAM)
    code, said = checked(str(path))
    errors = [line for line in said.splitlines() if ": error:" in line]
    assert code == 1 and len(errors) == 1, said
    assert 'Argument 2 to "submit" of "Client" has incompatible type "int"' in errors[0]
    assert 'Revealed type is "builtins.bytes"' in said or 'Revealed type is "bytes"' in said
