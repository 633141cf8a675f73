"""Bytes no client should send: the session ends or is answered, nobody else notices."""

from __future__ import annotations

import resource
import socket
import struct

import pytest

import wire


@pytest.fixture
def bystander(daemon):
    """A client that must not notice anything."""
    with wire.Peer2(daemon.unix) as peer:
        yield peer
        assert peer.ask(wire.PING) == (wire.PONG, b"")


def silent(daemon) -> wire.Peer:
    return wire.Peer(daemon.tcp)


@pytest.mark.parametrize(
    "first",
    [b"HELO", b"\0REX", b"\0RES\0\0\0\1", b"GETX", b"\xff" * 8, b"\0REQ\0\0\0\0", b"\0\0\0\1\1"],
)
def test_wrong_first_bytes_close_the_connection(daemon, bystander, first):
    with silent(daemon) as peer:
        peer.socket.sendall(first)
        assert peer.expect_close() == b""


def test_a_wrong_checksum_closes_the_connection(daemon, bystander):
    with wire.Peer2(daemon.unix) as peer:
        frame = bytearray(wire.frame2(b"\0\0\0\1\x09"))
        frame[8] ^= 1
        peer.socket.sendall(frame)
        assert peer.expect_close() == b""


@pytest.mark.parametrize("length", [0x7FFFFFFF, 0xFFFFFFFF, (64 << 20) + 1])
def test_a_length_over_the_limit_closes_before_anything_is_allocated(daemon, bystander, length):
    before = daemon.resident()
    with wire.Peer2(daemon.unix) as peer:
        peer.socket.sendall(wire.REQUEST + struct.pack(">II", length, 0))
        assert peer.expect_close() == b""
    with wire.Peer1(daemon.unix) as peer:
        peer.socket.sendall(wire.REQUEST + struct.pack(">I", length & 0x7FFFFFFF))
        assert peer.expect_close() == b""
    assert daemon.resident() - before < 8 << 20


def test_a_name_of_256_bytes_is_refused_by_name(daemon, bystander):
    with wire.Peer1(daemon.unix) as peer:
        assert peer.submit("f", "n" * 255) == bytes([wire.SUCCESS])
        reply = peer.submit("f", "n" * 256)
        assert reply.startswith(bytes([wire.UNKNOWN]) + wire.SEPARATOR)
        assert b"name_bytes" in reply and b"256" in reply


def test_half_a_frame_waits_and_disturbs_nobody(daemon, bystander):
    with wire.Peer2(daemon.unix) as peer:
        frame = wire.frame2(b"\0\0\0\1\x09")
        peer.socket.sendall(frame[:7])
        assert bystander.ask(wire.PING)[0] == wire.PONG
        peer.socket.sendall(frame[7:])
        assert peer.receive() == (b"\0\0\0\1", wire.PONG, b"")


def test_an_unknown_command_is_answered_and_the_session_goes_on(daemon, bystander):
    with wire.Peer2(daemon.unix) as peer:
        assert peer.ask(99)[0] == wire.UNKNOWN
        assert peer.ask(wire.PING)[0] == wire.PONG


def test_an_http_header_without_end_is_cut_off(daemon, bystander):
    before = daemon.resident()
    with silent(daemon) as peer:
        peer.socket.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: ")
        try:
            for _ in range(64):
                peer.socket.sendall(b"a" * 65536)
        except (BrokenPipeError, ConnectionResetError):
            pass
        reply = peer.expect_close()
    assert reply == b"" or reply.startswith(b"HTTP/1.1 4")
    assert daemon.resident() - before < 16 << 20


def test_a_crowd_that_never_registers_is_closed_and_memory_stays_bounded(make_daemon):
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    daemon = make_daemon("memory:", "--registration-deadline", "5").start()
    crowd = []
    before = daemon.resident()
    with wire.Peer2(daemon.unix) as bystander:
        for _ in range(10_000):
            peer = socket.socket(socket.AF_UNIX)
            peer.settimeout(30)
            peer.connect(daemon.unix[len("unix://") :])
            crowd.append(peer)
        assert bystander.ask(wire.PING)[0] == wire.PONG
        assert daemon.resident() - before < 256 << 20
        for peer in crowd:
            assert peer.recv(1) == b""
            peer.close()
        assert bystander.ask(wire.PING)[0] == wire.PONG
