"""Settings, job lists, the end of a server, and who may do what."""

from __future__ import annotations

import socket

import pytest

import libperiodic
from libperiodic import Client, Server, Worker


@pytest.fixture
def server(loop):
    with Server(loop=loop) as server:
        yield server


@pytest.fixture
def client(loop, server):
    with Client(server.listen("tcp://127.0.0.1:0"), loop=loop) as client:
        yield client


def test_settings_are_read_and_changed(client):
    """PROTOCOL 2.9"""
    assert client.get_setting("timeout") == 600
    client.set_setting("timeout", 30)
    assert client.get_setting(b"timeout") == 30
    client.set_setting("assign-wait", 0)
    assert client.get_setting("assign-wait") == 1
    client.set_setting("nobody-knows-it", 7)
    assert client.get_setting("nobody-knows-it") == 0
    client.set_setting("timeout", 0xFFFFFFFF)
    assert client.get_setting("timeout") == 0xFFFFFFFF
    for value in (-1, 1 << 32):
        with pytest.raises(ValueError):
            client.set_setting("timeout", value)
    with pytest.raises(libperiodic.LimitError):
        client.get_setting("k" * 256)


def test_a_dump_is_loaded_by_another_server(loop, client):
    """PROTOCOL 2.10"""
    assert client.dump() == bytes(8)
    client.submit("f", "n", b"hi", run_at=1_700_000_000)
    listed = client.dump()
    assert listed == bytes.fromhex("0000000000000001 0166016e 00000002 6869") + listed[-9:]
    client.submit("g", b"\xff\0", bytes(range(256)), run_at=1_900_000_000, run_timeout=5)
    listed = client.dump()
    assert listed[:8] == bytes.fromhex("0000000000000002")
    with Server(loop=loop) as other, Client(other.listen("tcp://127.0.0.1:0"), loop=loop) as receiver:
        receiver.load(listed)
        assert {(row.function, row.jobs) for row in receiver.status()} == {("f", 1), ("g", 1)}
        assert sorted(receiver.dump()) == sorted(listed)


def test_what_is_no_job_list_is_not_loaded(client):
    with pytest.raises(libperiodic.DisconnectedError):
        client.load(b"\0\0\0\0\0\0\0\x01trailing")
    assert client.status() == []


def test_a_client_stops_the_server(loop, server, client):
    """PROTOCOL 2.11"""
    client.submit("f", "n")
    client.shutdown()
    with pytest.raises(libperiodic.ClosedError):
        server.listen("tcp://127.0.0.1:0")


def test_credentials_are_both_or_neither(loop, server):
    address = server.listen("tcp://127.0.0.1:0")
    for options in ({"identity": "me"}, {"token": "secret"}):
        with pytest.raises(libperiodic.InvalidArgumentError, match="credentials"):
            Client(address, loop=loop, **options)
        with pytest.raises(libperiodic.InvalidArgumentError, match="credentials"):
            Worker(address, loop=loop, **options).can_do("f")
    with pytest.raises(libperiodic.InvalidArgumentError, match="65519"):
        Client(address, loop=loop, identity="n", token="t" * 65_519)
    # A server without identities takes any.
    with Client(address, loop=loop, identity="me", token="secret") as client:
        client.ping()


@pytest.fixture
def identities(tmp_path):
    path = tmp_path / "identities"
    path.write_text("client anne secret f\nworker bert word f\nadmin root top *\n")
    return path


def test_an_identity_does_what_its_line_says(loop, identities):
    """PROTOCOL 1.4"""
    with Server(loop=loop, auth_file=identities) as server:
        address = server.listen("tcp://127.0.0.1:0")
        with (
            Client(address, loop=loop, identity="anne", token=b"secret") as anne,
            Worker(address, loop=loop, identity="bert", token="word") as bert,
            Client(address, loop=loop, identity="root", token="top") as root,
        ):
            bert.can_do("f")
            with pytest.raises(libperiodic.NoWorkerError):
                bert.broadcast("g")
            run = anne.start_run("f", "n")
            bert.next(timeout=10).done(b"result")
            assert run.result(timeout=10) == b"result"
            for refused in (
                lambda: anne.submit("g", "n"),
                lambda: anne.dump(),
                lambda: anne.load(bytes(8)),
                lambda: anne.set_setting("timeout", 1),
                lambda: anne.shutdown(),
            ):
                with pytest.raises(libperiodic.NoWorkerError):
                    refused()
            assert root.dump() == bytes(8)
            root.shutdown()


def test_a_worker_begins_when_it_may(loop, identities):
    """PROTOCOL 1.4: the file is read again while the server runs."""
    with Server(loop=loop, auth_file=identities) as server:
        address = server.listen("tcp://127.0.0.1:0")
        with (
            Client(address, loop=loop, identity="root", token="top") as root,
            Worker(address, loop=loop, identity="carl", token="later") as carl,
        ):
            with pytest.raises(libperiodic.NoWorkerError):
                carl.can_do("f")
            root.submit("f", "n")
            assert carl.next(timeout=0.3) is None
            with identities.open("a") as file:
                file.write("worker carl later f\n")
            assert carl.next(timeout=20).name == "n"


@pytest.mark.parametrize("credentials", [{}, {"identity": "anne", "token": "wrong"}])
def test_who_is_not_known_may_do_nothing(loop, identities, credentials):
    with Server(loop=loop, auth_file=identities) as server:
        with Client(server.listen("tcp://127.0.0.1:0"), loop=loop, **credentials) as client:
            with pytest.raises(libperiodic.NoWorkerError):
                client.submit("f", "n")


def test_a_file_of_identities_that_is_none_is_refused(loop, tmp_path):
    (tmp_path / "broken").write_text("king anne secret f\n")
    for name in ("broken", "missing"):
        with pytest.raises(libperiodic.InvalidArgumentError, match=name):
            Server(loop=loop, auth_file=tmp_path / name).start()


def test_a_hook_hears_of_jobs(loop):
    """PROTOCOL 2.12"""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ear:
        ear.bind(("127.0.0.1", 0))
        ear.settimeout(10)
        with Server(loop=loop, hook=f"udp://127.0.0.1:{ear.getsockname()[1]}") as server:
            with Client(server.listen("tcp://127.0.0.1:0"), loop=loop) as client:
                client.submit("f", "n")
                client.ping()
            assert b":f:" in ear.recv(1000)
    for hook in ("http://127.0.0.1:1", "persist"):
        with pytest.raises(libperiodic.InvalidArgumentError, match="hook"):
            Server(loop=loop, hook=hook).start()
