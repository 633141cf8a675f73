"""Both generations of the wire, as plainly as a test can write them (docs: PROTOCOL sections 1 and 2)."""

from __future__ import annotations

import json
import socket
import struct
import zlib

REQUEST = b"\0REQ"
RESPONSE = b"\0RES"
SEPARATOR = b"\0\1"

NOOP, GRAB, LATER, DONE, FAIL, ASSIGN = 0, 1, 2, 3, 4, 5
CAN_DO, CANT_DO, PING, PONG, SLEEP, UNKNOWN = 7, 8, 9, 10, 11, 12
SUBMIT, STATUS, DROP, SUCCESS, REMOVE = 13, 14, 15, 16, 17
NO_WORKER, DATA, WORK_DATA, ASSIGNED, UNASSIGNED = 29, 30, 32, 33, 34

CLIENT, WORKER = b"\1", b"\2"


class Closed(Exception):
    """The server closed the connection."""


def str8(data: bytes) -> bytes:
    return bytes([len(data)]) + data


def frame2(body: bytes) -> bytes:
    return REQUEST + struct.pack(">II", len(body), zlib.crc32(body)) + body


def job2(
    function: bytes, name: bytes, workload: bytes = b"", at: int = 0, count: int = 0, timeout: int = 0
) -> bytes:
    version = (1 if count else 0) | (2 if timeout else 0)
    tail = (struct.pack(">i", count) if count else b"") + (
        struct.pack(">i", timeout) if timeout else b""
    )
    head = str8(function) + str8(name) + struct.pack(">I", len(workload)) + workload
    return head + struct.pack(">qB", at, version) + tail


def connect(address: str, timeout: float = 10) -> socket.socket:
    """A connected socket to unix:///path or tcp://host:port."""
    if address.startswith("unix://"):
        peer = socket.socket(socket.AF_UNIX)
        peer.settimeout(timeout)
        peer.connect(address[len("unix://") :])
    else:
        host, port = address[len("tcp://") :].rsplit(":", 1)
        peer = socket.create_connection((host.strip("[]"), int(port)), timeout)
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return peer


class Peer:
    """What both generations share: exact reads from one socket."""

    def __init__(self, address: str, timeout: float = 10):
        self.socket = connect(address, timeout)
        self.buffer = bytearray()

    def exactly(self, count: int) -> bytes:
        while len(self.buffer) < count:
            data = self.socket.recv(1 << 16)
            if not data:
                raise Closed
            self.buffer += data
        taken = bytes(self.buffer[:count])
        del self.buffer[:count]
        return taken

    def expect_close(self) -> bytes:
        """What still comes before the server closes."""
        try:
            while data := self.socket.recv(1 << 16):
                self.buffer += data
        except ConnectionResetError:
            pass
        return bytes(self.buffer)

    def close(self) -> None:
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Peer2(Peer):
    """A generation 2 connection."""

    def __init__(self, address: str, role: bytes = CLIENT, timeout: float = 10):
        super().__init__(address, timeout)
        self.socket.sendall(frame2(role))
        greeting = self.body()
        assert len(greeting) == 5 and greeting[0] == DATA, greeting
        self.last = 0

    def body(self) -> bytes:
        magic, length, crc = struct.unpack(">4sII", self.exactly(12))
        assert magic == RESPONSE
        body = self.exactly(length)
        assert zlib.crc32(body) == crc
        return body

    def send(self, command: int, arguments: bytes = b"", message: bytes | None = None) -> bytes:
        if message is None:
            self.last += 1
            message = struct.pack(">I", self.last)
        self.socket.sendall(frame2(message + bytes([command]) + arguments))
        return message

    def receive(self) -> tuple[bytes, int, bytes]:
        """The next message: its id, its command, its arguments."""
        body = self.body()
        return body[:4], body[4], body[5:]

    def ask(self, command: int, arguments: bytes = b"") -> tuple[int, bytes]:
        """Sends a request and returns the reply to it, when no other can come between."""
        message = self.send(command, arguments)
        reply = self.receive()
        assert reply[0] == message, reply
        return reply[1], reply[2]

    def submit(self, function: bytes, name: bytes, **fields) -> bool:
        return self.ask(SUBMIT, job2(function, name, **fields))[0] == SUCCESS

    def status(self) -> dict[str, list[int]]:
        command, data = self.ask(STATUS)
        assert command == DATA
        rows = [line.split(",") for line in data.decode().split("\n") if line]
        return {row[0]: [int(field) for field in row[1:]] for row in rows}


class Peer1(Peer):
    """A generation 1 connection."""

    def __init__(self, address: str, role: bytes = CLIENT, timeout: float = 10):
        super().__init__(address, timeout)
        self.socket.sendall(REQUEST + struct.pack(">I", 1) + role)
        self.last = 99

    def send(self, command: int, data: bytes | None = None, message: bytes | None = None) -> bytes:
        if message is None:
            self.last += 1
            message = str(self.last).encode()
        payload = message + SEPARATOR + bytes([command])
        if data is not None:
            payload += SEPARATOR + data
        self.socket.sendall(REQUEST + struct.pack(">I", len(payload)) + payload)
        return message

    def receive(self) -> tuple[bytes, bytes]:
        """The next message: its id, and all that follows the separator."""
        magic, length = struct.unpack(">4sI", self.exactly(8))
        assert magic == RESPONSE
        message, rest = self.exactly(length).split(SEPARATOR, 1)
        return message, rest

    def ask(self, command: int, data: bytes | None = None) -> bytes:
        message = self.send(command, data)
        reply = self.receive()
        assert reply[0] == message, reply
        return reply[1]

    def submit(self, function: str, name: str, **fields) -> bytes:
        return self.ask(SUBMIT, json.dumps({"func": function, "name": name, **fields}).encode())

    def grab(self) -> tuple[bytes, dict]:
        """Waits for a job: its handle and its fields."""
        self.send(GRAB)
        _, rest = self.receive()
        command, handle, job = rest.split(SEPARATOR, 2)
        assert command == bytes([ASSIGN])
        return handle, json.loads(job)
