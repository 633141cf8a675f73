"""The sandbox and the pytest plugin."""

from __future__ import annotations

import asyncio

import libperiodic
from libperiodic import AsyncWorker, Handlers, Later
from libperiodic.testing import Sandbox

EXAMPLE = '''
import pytest
from libperiodic import AsyncWorker, Later

worker = AsyncWorker("unix:///nobody/is/there")
sent = []

@worker.func("remind")
async def remind(job):
    sent.append((job.name, job.count))
    if job.count < 2:
        raise Later(3600)

@worker.func("shout")
def shout(job):
    return job.json().upper()

@pytest.fixture(autouse=True)
def handlers(periodic):
    sent.clear()
    periodic.include(worker)

def test_a_reminder_comes_three_times(periodic, periodic_clock):
    periodic.client.submit("remind", "anna", delay=86400)
    assert periodic_clock.advance(86399) == 0
    assert periodic_clock.advance(1) == 1
    assert periodic_clock.advance(7200) == 2
    assert sent == [("anna", 0), ("anna", 1), ("anna", 2)]

def test_at_once(periodic):
    periodic.immediate = True
    periodic.client.submit("remind", "bob")
    assert sent == [("bob", 0)]

def test_a_result(periodic):
    assert periodic.client.run("shout", "n", json="psst") == b"PSST"
'''


def test_the_plugin_in_a_program(pytester):
    pytester.makepyfile(EXAMPLE)
    pytester.runpytest_subprocess("-q").assert_outcomes(passed=3)


def test_handlers_run_at_their_own_time_in_order():
    with Sandbox() as sandbox:
        times = []
        begin = sandbox.clock.now()

        @sandbox.func("tick")
        def tick(job):
            times.append((job.name, sandbox.clock.now() - begin))
            raise Later(10 if job.name == "slow" else 4)

        sandbox.client.submit("tick", "slow", delay=5)
        sandbox.client.submit("tick", "fast", delay=5)
        assert sandbox.clock.advance(16) == 5
        assert times == [("slow", 5), ("fast", 5), ("fast", 9), ("fast", 13), ("slow", 15)]
        assert sandbox.clock.now() == begin + 16


def test_a_failure_is_tried_again_a_second_later():
    with Sandbox(immediate=True) as sandbox:
        tries = []

        @sandbox.func("f")
        def handler(job):
            tries.append(sandbox.clock.now())
            if len(tries) == 1:
                raise LookupError

        sandbox.client.submit("f", "n")
        assert len(tries) == 1
        sandbox.clock.advance(5)
        assert len(tries) == 2 and tries[1] == tries[0] + 1


def test_coroutines_pools_data_and_locks_run_in_the_test():
    group = Handlers()

    @group.func("async")
    async def coroutine(job):
        assert await job.lock("l")
        await asyncio.sleep(0)
        job.data("piece")
        return "result"

    @group.func("pool", pool="process")
    def pooled(job):
        return job.name

    worker = AsyncWorker("unix:///nobody")
    worker.include(group)
    with Sandbox() as sandbox:
        sandbox.include(worker)
        with sandbox.client.run_stream("async", "n") as stream:
            assert list(stream) == [b"piece"] and stream.result == b"result"
        assert sandbox.client.run("pool", "name") == b"name"
        assert isinstance(sandbox.client, libperiodic.Client)
