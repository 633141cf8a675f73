"""Very many connections, and none to be had."""

from __future__ import annotations

import os
import resource
import select
import socket
import time

import pytest

import wire


def descriptors(daemon) -> int:
    return len(os.listdir(f"/proc/{daemon.process.pid}/fd"))


def processor_seconds(daemon) -> float:
    with open(f"/proc/{daemon.process.pid}/stat") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def wait_until(happened, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_ten_thousand_silent_connections_are_closed_at_their_deadline(make_daemon):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 11_000:
        pytest.skip("a process may not have 11,000 descriptors here")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    daemon = make_daemon("memory:", "--registration-deadline", "5").start()
    before = descriptors(daemon)
    silent = [socket.create_connection(("127.0.0.1", daemon.port)) for _ in range(10_000)]
    try:
        with wire.Peer2(daemon.tcp) as peer:
            assert peer.ask(wire.PING) == (wire.PONG, b"")
        poll = select.epoll()
        for connection in silent:
            poll.register(connection, select.EPOLLIN)
        closed = 0
        while closed < len(silent):
            events = poll.poll(20)
            assert events
            for descriptor, _ in events:
                poll.unregister(descriptor)
                closed += 1
        wait_until(lambda: descriptors(daemon) <= before)
    finally:
        for connection in silent:
            connection.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_without_descriptors_connections_are_closed_and_nothing_spins(daemon):
    with wire.Peer2(daemon.tcp) as known:
        limit = descriptors(daemon) + 20
        resource.prlimit(daemon.process.pid, resource.RLIMIT_NOFILE, (limit, limit))
        crowd = [socket.create_connection(("127.0.0.1", daemon.port)) for _ in range(100)]
        shed = 0
        for connection in crowd[40:]:
            connection.settimeout(10)
            try:
                shed += connection.recv(1) == b""
            except ConnectionResetError:
                shed += 1
        assert shed == 60
        busy = processor_seconds(daemon)
        time.sleep(1)
        assert processor_seconds(daemon) - busy < 0.2
        assert known.ask(wire.PING) == (wire.PONG, b"")
        for connection in crowd:
            connection.close()
        wait_until(lambda: descriptors(daemon) < limit - 10)
        with wire.Peer2(daemon.tcp) as late:
            assert late.ask(wire.PING) == (wire.PONG, b"")
    assert daemon.stop() == 0
    wait_until(lambda: b"out of descriptors" in daemon.log.read_bytes())
