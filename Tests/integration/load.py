"""Load for the tests of crashes: clients and workers that pipeline every kind of change, and note in
histories of theirs what they asked and what was acknowledged."""

from __future__ import annotations

import random
import struct
import threading
import time

import wire
from history import CLOCK, Change, History, State


class Owner(threading.Thread):
    """One connection that changes jobs of its own until the daemon or the time is gone."""

    role = wire.CLIENT
    # Changes that it keeps under way by `act`.
    window = 32
    # Refusals belong to the test; else one is a fault of the daemon.
    may_be_refused = False

    def __init__(self, address: str, number: int, seed: int, until: float | None = None):
        super().__init__()
        self.address = address
        self.number = number
        self.chance = random.Random(seed)
        self.until = until
        self.history = History()
        self.waiting: dict[bytes, list[Change]] = {}
        self.failure: BaseException | None = None

    def run(self) -> None:
        try:
            with wire.Peer2(self.address, self.role) as peer:
                self.begin(peer)
                while self.is_on_time() or self.waiting:
                    while self.is_on_time() and len(self.waiting) < self.window:
                        self.act(peer)
                    self.hear(*peer.receive(), peer)
                self.leave()
        except (wire.Closed, OSError):
            pass
        except BaseException as failure:  # noqa: BLE001 - shown by the test that started the thread
            self.failure = failure

    def is_on_time(self) -> bool:
        return self.until is None or time.monotonic() < self.until

    def begin(self, peer: wire.Peer2) -> None:
        """What comes first."""

    def act(self, peer: wire.Peer2) -> None:
        """Asks for one change."""

    def leave(self) -> None:
        """Before the connection ends in peace."""

    def hear(self, message: bytes, command: int, _: bytes, peer: wire.Peer2) -> None:
        self.settle(self.waiting.pop(message), command)

    def settle(self, changes: list[Change], command: int) -> None:
        """Notes the reply to a request. A refusal acknowledges nothing."""
        refusals = [wire.UNKNOWN] if self.may_be_refused else []
        assert command in [wire.SUCCESS, *refusals], f"command {command} for {changes}"
        for change in changes:
            if command == wire.SUCCESS:
                change.acknowledged = time.monotonic_ns()
            else:
                change.is_refused = True

    def ask(self, peer: wire.Peer2, command: int, arguments: bytes, changes: list[Change]) -> None:
        self.waiting[peer.send(command, arguments)] = changes

    def submit(self, peer: wire.Peer2, key, workload: bytes) -> None:
        """Submits a job an hour ahead or later."""
        at = int(time.time()) + 3600 + self.chance.randrange(1 << 20)
        count, timeout = self.chance.randrange(3), self.chance.randrange(3)
        change = self.history.ask(key, State(workload, at * 1000, count, timeout))
        job = wire.job2(*key, workload=workload, at=at, count=count, timeout=timeout)
        self.ask(peer, wire.SUBMIT, job, [change])


class Submitter(Owner):
    """Submits jobs an hour ahead, replaces some of them, removes some."""

    versions = 0

    def act(self, peer: wire.Peer2) -> None:
        key = (b"far%d" % self.number, b"%d" % self.chance.randrange(4000))
        if self.history.state(key) is not None and self.chance.random() < 0.5:
            handle = wire.str8(key[0]) + wire.str8(key[1])
            self.ask(peer, wire.REMOVE, handle, [self.history.ask(key, None)])
        else:
            self.versions += 1
            size = 20_000 if self.chance.random() < 0.01 else 80
            self.submit(peer, key, b"%d " % self.versions + b"x" * size)


class Dropper(Owner):
    """Fills a function and drops it, again and again."""

    sent = 0

    def act(self, peer: wire.Peer2) -> None:
        function = b"drop%d" % self.number
        if self.sent % 60 == 59:
            gone = [key for key in self.history.jobs if self.history.state(key) is not None]
            changes = [self.history.ask(key, None) for key in gone]
            self.ask(peer, wire.DROP, wire.str8(function), changes)
        else:
            self.submit(peer, (function, b"%d" % self.sent), b"w")
        self.sent += 1


class Worker(Owner):
    """Runs what a producer of its own submits: done, failed, or later; by one connection each."""

    role = wire.WORKER
    window = 0
    grabs = 16

    def __init__(self, address: str, number: int, seed: int, until: float | None = None):
        super().__init__(address, number, seed, until)
        self.function = b"work%d" % number
        self.producer: wire.Peer2 | None = None
        self.sent = 0
        self.submitted: dict[bytes, Change] = {}

    def run(self) -> None:
        try:
            with wire.Peer2(self.address) as producer:
                self.producer = producer
                super().run()
        except (wire.Closed, OSError):
            pass

    def begin(self, peer: wire.Peer2) -> None:
        self.grabbing = {peer.send(wire.GRAB) for _ in range(self.grabs)}
        self.registering = peer.send(wire.CAN_DO, wire.str8(self.function))
        self.more()

    def more(self) -> None:
        """Submits jobs that are due now, until one is taken."""
        is_taken = False
        while not is_taken and self.is_on_time():
            for _ in range(self.grabs):
                key = (self.function, b"%d" % self.sent)
                self.sent += 1
                state = State(b"work", milliseconds())
                change = self.history.ask(key, state, is_from_now=True)
                message = self.producer.send(wire.SUBMIT, wire.job2(*key, workload=b"work"))
                self.submitted[message] = change
            while self.submitted:
                message, command, _ = self.producer.receive()
                self.settle([self.submitted.pop(message)], command)
                is_taken = is_taken or command == wire.SUCCESS

    def hear(self, message: bytes, command: int, data: bytes, peer: wire.Peer2) -> None:
        if message == self.registering or message in self.grabbing and command == wire.SUCCESS:
            return
        if command != wire.ASSIGN:
            super().hear(message, command, data, peer)
            if self.is_on_time() and not self.waiting:
                self.more()
            return
        if not self.is_on_time():
            return
        length = data[0]
        function, rest = data[1 : 1 + length], data[1 + length :]
        key = (function, rest[1 : 1 + rest[0]])
        self.report(key, peer)
        peer.send(wire.GRAB, message=message)

    def report(self, key, peer: wire.Peer2) -> None:
        handle = wire.str8(key[0]) + wire.str8(key[1])
        before = self.history.state(key)
        kind = self.chance.choice(["done", "done", "fail", "later", "again"])
        if kind == "done":
            self.ask(peer, wire.DONE, handle + b"result", [self.history.ask(key, None)])
        elif kind == "fail":
            change = self.put_back(key, before.count, 1)
            self.ask(peer, wire.FAIL, handle, [change])
        else:
            delay, step = 3600 if kind == "later" else 0, self.chance.randrange(3)
            change = self.put_back(key, before.count + step, delay)
            self.ask(peer, wire.LATER, handle + struct.pack(">qh", delay, step), [change])

    def leave(self) -> None:
        """The runs that it has, or that are on their way to it, fail with the connection."""
        for key in self.history.jobs:
            before = self.history.state(key)
            if before is not None and before.due <= milliseconds() + CLOCK:
                self.put_back(key, before.count, 1)

    def put_back(self, key, count: int, delay: int) -> Change:
        state = State(b"work", milliseconds() + 1000 * delay, count)
        return self.history.ask(key, state, is_from_now=True)


def milliseconds() -> int:
    return int(time.time() * 1000)


def make(address: str, seed: int, until: float | None = None) -> list[Owner]:
    """Two submitters, one who drops, one worker with its producer."""
    kinds = [Submitter, Submitter, Dropper, Worker]
    return [kind(address, number, seed + number, until) for number, kind in enumerate(kinds)]


def start(address: str, seed: int, until: float | None = None) -> list[Owner]:
    owners = make(address, seed, until)
    for owner in owners:
        owner.start()
    return owners


def join(owners: list[Owner]) -> None:
    for owner in owners:
        owner.join()
    for owner in owners:
        if owner.failure is not None:
            raise owner.failure
