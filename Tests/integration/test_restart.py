"""A server restart under fifty connected workers of every kind: all come back within ten seconds,
no job is lost, and none is stuck (PROTOCOL 2.4, "Restart")."""

from __future__ import annotations

import itertools
import os
import subprocess
import threading
import time

import pytest
import wire
from conftest import BINARY
from players import Player

WORKERS, PROGRAMS, RAW1 = 50, 15, 10
#: 1.0.0 can reach a dying server's queue of connections, and then never stops connecting: each
#: of its attempts ends the one before, which begins another. One that stops closes its door first.
RELEASED = {"kill": 0, "stop": 5}
JOBS = 20


class RawWorker(threading.Thread):
    """One grab at a time, of either generation; connects again as soon as it is let.

    Of the jobs that are called `held` it finishes none before its first connection breaks.
    """

    def __init__(self, address: str, function: bytes, generation: int):
        super().__init__(daemon=True)
        self.address, self.function, self.generation = address, function, generation
        self.ran: list[bytes] = []
        self.holds = threading.Event()
        self.is_over = threading.Event()
        self.peer: wire.Peer | None = None

    def run(self) -> None:
        for life in itertools.count():
            try:
                kind = wire.Peer1 if self.generation == 1 else wire.Peer2
                self.peer = kind(self.address, wire.WORKER, timeout=60)
                self.work1(life) if self.generation == 1 else self.work2(life)
            except (wire.Closed, OSError):
                if self.is_over.wait(0.1):
                    return

    def may_end(self, name: bytes, life: int) -> bool:
        self.ran.append(name)
        if life > 0 or name != b"held":
            return True
        self.holds.set()
        self.peer.expect_close()
        raise wire.Closed

    def work1(self, life: int) -> None:
        self.peer.send(wire.CAN_DO, self.function)
        while True:
            handle, job = self.peer.grab()
            if self.may_end(job["name"].encode(), life):
                self.peer.send(wire.DONE, handle)

    def work2(self, life: int) -> None:
        self.peer.ask(wire.CAN_DO, wire.str8(self.function))
        grab = b"\0\0\1\0"
        while True:
            self.peer.send(wire.GRAB, message=grab)
            command = wire.SUCCESS
            while command != wire.ASSIGN:
                _, command, job = self.peer.receive()
            self.peer.send(wire.ASSIGNED, message=grab)
            end = 2 + job[0] + job[1 + job[0]]
            name = job[2 + job[0] : end]
            if self.may_end(name, life):
                self.peer.send(wire.DONE, job[:end])

    def close(self) -> None:
        self.is_over.set()
        if self.peer:
            self.peer.close()


class Crew:
    """The fifty, each with a function of its own."""

    def __init__(self, daemon, directory, released: int):
        self.daemon, self.directory = daemon, directory
        names = [f"w{number}" for number in range(WORKERS)]
        self.functions = [name.encode() for name in names]
        mine = iter(names)
        self.released = []
        for name in itertools.islice(mine, released):
            player = Player("1.0.0", "worker", daemon.tcp, directory / f"{name}.log")
            player.ask("start", size=1)
            player.ask("can_do", func=name)
            self.released.append((name.encode(), player))
        programs = itertools.islice(mine, PROGRAMS)
        self.programs = [(name.encode(), self.program(name)) for name in programs]
        raw = [(name, 1) for name in itertools.islice(mine, RAW1)] + [(name, 2) for name in mine]
        self.raw = [RawWorker(daemon.unix, name.encode(), kind) for name, kind in raw]
        for worker in self.raw:
            worker.start()

    def program(self, function: str) -> subprocess.Popen:
        """Our own worker, whose program notes the names it is given."""
        script = self.directory / f"{function}.sh"
        script.write_text(f'#!/bin/sh\necho "$1" >> {self.directory}/{function}.ran\n')
        script.chmod(0o755)
        with (self.directory / f"{function}.log").open("wb") as log:
            return subprocess.Popen(
                [BINARY, "run", "-H", self.daemon.tcp, "-f", function, "--exec", str(script)],
                stdout=log,
                stderr=log,
                env=dict(os.environ),
            )

    def ran(self) -> dict[bytes, set[bytes]]:
        """Which jobs each function's worker was given."""
        found = {worker.function: set(worker.ran) for worker in self.raw}
        for function, player in self.released:
            events = player.so_far(function.decode())
            found[function] = {e["name"].encode() for e in events if e["event"] == "run"}
        for function, _ in self.programs:
            names = (self.directory / f"{function.decode()}.ran").read_bytes()
            found[function] = set(names.split())
        return found

    def close(self) -> None:
        for worker in self.raw:
            worker.close()
        for _, player in self.released:
            player.close()
        for _, process in self.programs:
            process.kill()
            process.wait()


def await_all(daemon, functions: list[bytes], seconds: float, **expected: int) -> float:
    """Until every function has so many workers or jobs; how long it took."""
    places = {"workers": 0, "jobs": 1}
    start = time.monotonic()
    with wire.Peer2(daemon.unix, timeout=30) as peer:
        while True:
            status = peer.status()
            off = {
                function: status.get(function.decode())
                for function in functions
                for field, count in expected.items()
                if status.get(function.decode(), [-1, -1])[places[field]] != count
            }
            spent = time.monotonic() - start
            if not off:
                return spent
            assert spent < seconds, f"{len(off)} of {len(functions)} are not so: {off}"
            # Between looks, the workers have the processor.
            time.sleep(0.05)


@pytest.mark.parametrize("end", ["kill", "stop"])
def test_fifty_workers_come_back(make_daemon, tmp_path, end):
    daemon = make_daemon(f"file:{tmp_path}/jobs.sqlite").start()
    crew = Crew(daemon, tmp_path, RELEASED[end])
    try:
        await_all(daemon, crew.functions, 30, workers=1)
        submitted = {function: {b"%d" % n for n in range(JOBS)} for function in crew.functions}
        with wire.Peer2(daemon.unix, timeout=30) as client:
            for worker in crew.raw:
                assert client.submit(worker.function, b"held")
                submitted[worker.function].add(b"held")
            for worker in crew.raw:
                assert worker.holds.wait(10)
            for function in crew.functions:
                for number in range(JOBS):
                    assert client.submit(function, b"%d" % number, workload=b"done")
        getattr(daemon, end)()
        daemon.start()
        assert await_all(daemon, crew.functions, 10, workers=1) < 10
        await_all(daemon, crew.functions, 60, jobs=0)
        ran = crew.ran()
        for function in crew.functions:
            assert submitted[function] <= ran[function], function
        for worker in crew.raw:
            assert worker.ran.count(b"held") == 2, "it was running, and ran again"
    finally:
        crew.close()
