"""Released clients and workers as processes that a test gives orders to (released/player.py)."""

from __future__ import annotations

import itertools
import json
import os
import pathlib
import queue
import subprocess
import threading

HERE = pathlib.Path(__file__).parent
ENVIRONMENTS = pathlib.Path(os.environ.get("PERIODIC_VENVS", HERE.parents[1] / ".build/venvs"))

SCRIPTS = {
    "1.0.0": "aio_1_0.py",
    "0.2.8": "aio_0_2.py",
    "0.2.1": "aio_0_2.py",
    "0.1.6": "aio_0_1.py",
}
VERSIONS = list(SCRIPTS)
#: Those of generation 2, which can wait for a result and remove a job.
SECOND = ["1.0.0", "0.2.8", "0.2.1"]


class Refused(Exception):
    """The client raised; its words."""


class Player:
    """One process of one released client, in the environment that holds it unchanged."""

    def __init__(self, version: str, role: str, address: str, log: pathlib.Path, *more: str):
        self.version = version
        self.numbers = itertools.count(1)
        self.replies: dict[int, queue.Queue] = {}
        self.events: queue.Queue = queue.Queue()
        self.errors = log.open("ab")
        self.process = subprocess.Popen(
            [
                ENVIRONMENTS / f"aio-periodic-{version}/bin/python",
                HERE / "released" / SCRIPTS[version],
                address,
                role,
                *more,
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
        )
        threading.Thread(target=self._read, daemon=True).start()
        self.event("ready")

    def _read(self) -> None:
        for line in self.process.stdout:
            if not line.startswith(b"{"):
                continue
            fields = json.loads(line)
            if "id" in fields:
                self.replies[fields["id"]].put(fields)
            else:
                self.events.put(fields)

    def begin(self, method: str, **fields) -> int:
        """Gives an order; `result` waits for its end."""
        number = next(self.numbers)
        self.replies[number] = queue.Queue()
        order = json.dumps({"id": number, "do": method, **fields}) + "\n"
        self.process.stdin.write(order.encode())
        self.process.stdin.flush()
        return number

    def result(self, number: int, timeout: float = 20):
        reply = self.replies[number].get(timeout=timeout)
        if "error" in reply:
            raise Refused(reply["error"])
        return reply["result"]

    def ask(self, method: str, **fields):
        return self.result(self.begin(method, **fields))

    def event(self, kind: str, timeout: float = 20, **fields) -> dict:
        """Waits for an event; others before it are passed over."""
        while True:
            event = self.events.get(timeout=timeout)
            if event["event"] == kind and fields.items() <= event.items():
                return event

    def so_far(self, function: str) -> list[dict]:
        """The function's events that have not been waited for, when all that was said has come."""
        self.ask("mark")
        found = []
        while not self.events.empty():
            event = self.events.get()
            if event.get("func") == function:
                found.append(event)
        return found

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def close(self) -> None:
        if self.process.poll() is None:
            self.kill()
        self.process.stdin.close()
        self.errors.close()


class Stage:
    """A daemon and one client and one worker of each version, each started when first asked for."""

    def __init__(self, daemon, directory: pathlib.Path):
        self.daemon = daemon
        self.directory = directory
        self.known: dict[tuple[str, str], Player] = {}
        self.functions = itertools.count(1)
        self.others: list[Player] = []

    def client(self, version: str) -> Player:
        return self._player(version, "client")

    def worker(self, version: str) -> Player:
        return self._player(version, "worker")

    def another(self, version: str, role: str = "worker") -> Player:
        """One more, for a test that ends or crowds it."""
        player = self._start(version, role)
        self.others.append(player)
        return player

    def function(self) -> str:
        """A name that no test has used."""
        return f"f{next(self.functions)}"

    def _player(self, version: str, role: str) -> Player:
        if (version, role) not in self.known:
            self.known[version, role] = self._start(version, role)
        return self.known[version, role]

    def _start(self, version: str, role: str) -> Player:
        # 0.1.6 and 0.2.1 read as if each frame came in one piece, which TCP does not promise.
        address = self.daemon.unix if version in ("0.1.6", "0.2.1") else self.daemon.tcp
        player = Player(version, role, address, self.directory / f"{version}-{role}.log")
        if role == "worker":
            player.ask("start", size=4)
        return player

    def close_others(self) -> None:
        for player in self.others:
            player.close()
        self.others.clear()

    def close(self) -> None:
        self.close_others()
        for player in self.known.values():
            player.close()
