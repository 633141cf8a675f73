"""An HTTP connection as plainly as a test can write it, and curl."""

from __future__ import annotations

import dataclasses
import subprocess

import wire


@dataclasses.dataclass
class Answer:
    status: int
    reason: str
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        return dict(self.headers).get(name)


def request(
    target: str, body: bytes | None = None, method: str | None = None, *fields: str, version="1.1"
) -> bytes:
    """A whole request; a POST if there is a body."""
    lines = [f"{method or ('GET' if body is None else 'POST')} {target} HTTP/{version}", "Host: h"]
    if body is not None:
        lines.append(f"Content-Length: {len(body)}")
    return ("\r\n".join([*lines, *fields]) + "\r\n\r\n").encode() + (body or b"")


def keep(target: str, body: bytes | None = None, method: str | None = None) -> bytes:
    return request(target, body, method, "Connection: keep-alive")


class Peer(wire.Peer):
    """One HTTP connection."""

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def line(self) -> str:
        found = bytearray()
        while not found.endswith(b"\r\n"):
            found += self.exactly(1)
        return found[:-2].decode()

    def receive(self, method: str = "GET") -> Answer:
        version, status, reason = self.line().split(" ", 2)
        assert version == "HTTP/1.1"
        headers = []
        while line := self.line():
            name, value = line.split(": ", 1)
            headers.append((name, value))
        answer = Answer(int(status), reason, headers, b"")
        length = answer.header("Content-Length")
        if method != "HEAD" and length is not None:
            answer.body = self.exactly(int(length))
        return answer

    def ask(self, data: bytes) -> Answer:
        self.send(data)
        return self.receive(data.split(b" ", 1)[0].decode())


def ask(daemon, data: bytes) -> Answer:
    """The answer to a request on a connection of its own, which the server then closes."""
    with Peer(daemon.tcp) as peer:
        answer = peer.ask(data)
        assert peer.expect_close() == b""
        assert answer.header("Connection") == "close"
        return answer


def run_curl(*arguments: str) -> str:
    done = subprocess.run(
        ["curl", "-sS", "--max-time", "20", *arguments], capture_output=True, check=True
    )
    return done.stdout.decode()


def curl(daemon, *arguments: str) -> tuple[int, str]:
    """Runs the real curl; the last argument is what follows host and port. Status and body."""
    *options, path = arguments
    url = f"http://127.0.0.1:{daemon.port}{path}"
    body, _, status = run_curl("-w", "\n%{http_code}", *options, url).rpartition("\n")
    return int(status), body
