"""Identities on the built daemon (PROTOCOL 1.4)."""

from __future__ import annotations

import json
import os
import struct
import subprocess
import time

import conftest
import pytest
import wire

DUMP, LOAD, SHUTDOWN, BROADCAST, CONFIG_GET, CONFIG_SET, RUN, RECV_DATA = 18, 19, 20, 21, 22, 23, 25, 31
ACQUIRE, RELEASE, WORK_DATA = 27, 28, 32

RULES = """
# role name token functions
client ann a-token f,g   # may submit
client bob b-token g
worker wes w-token f
admin root r-token any
"""


class Named(wire.Peer2):
    """A generation 2 connection that says who it is."""

    def __init__(self, address: str, role: int, name: bytes, token: bytes):
        wire.Peer.__init__(self, address)
        run = struct.pack(">Q", len(name)) + name + struct.pack(">Q", len(token)) + token
        self.socket.sendall(wire.frame2(bytes([role]) + run))
        assert len(self.body()) == 5
        self.last = 0


@pytest.fixture
def guarded(make_daemon, tmp_path):
    """A daemon with the rules above, and the file of them."""
    path = tmp_path / "identities"
    path.write_text(RULES)
    daemon = make_daemon("memory:", "--auth-file", str(path)).start()
    daemon.rules = path
    return daemon


def client(daemon, name: bytes = b"ann", token: bytes = b"a-token") -> Named:
    return Named(daemon.unix, 3, name, token)


def worker(daemon, name: bytes = b"wes", token: bytes = b"w-token") -> Named:
    return Named(daemon.unix, 4, name, token)


def handle(function: bytes, name: bytes = b"n") -> bytes:
    return wire.str8(function) + wire.str8(name)


def job_list(*jobs: bytes) -> bytes:
    return struct.pack(">Q", len(jobs)) + b"".join(jobs)


def refuses(peer: wire.Peer2, command: int, arguments: bytes = b"") -> bool:
    return peer.ask(command, arguments) == (wire.NO_WORKER, b"")


@pytest.mark.parametrize(
    "make",
    [
        lambda d: wire.Peer2(d.unix),
        lambda d: Named(d.unix, 3, b"nobody", b"x"),
        lambda d: Named(d.unix, 3, b"ann", b"b-token"),
        lambda d: Named(d.unix, 3, b"ann", b""),
        lambda d: Named(d.unix, 3, b"wes", b"w-token"),
    ],
    ids=["none", "unknown", "wrong token", "no token", "a worker's"],
)
def test_without_a_valid_identity_every_command_is_refused(guarded, make):
    with make(guarded) as peer:
        job = wire.job2(b"f", b"n")
        for command, arguments in [
            (wire.PING, b""), (wire.SUBMIT, job), (wire.STATUS, b""), (wire.DROP, wire.str8(b"f")),
            (wire.REMOVE, handle(b"f")), (DUMP, b""), (LOAD, bytes(8)), (SHUTDOWN, b""),
            (CONFIG_GET, wire.str8(b"timeout")), (CONFIG_SET, wire.str8(b"timeout") + bytes(4)),
            (RUN, job), (RECV_DATA, job),
        ]:
            assert refuses(peer, command, arguments), command


def test_a_worker_without_a_valid_identity_is_refused(guarded):
    for make in (lambda: wire.Peer2(guarded.unix, wire.WORKER), lambda: worker(guarded, b"ann", b"a-token")):
        with make() as peer:
            # These two have no reply to carry the refusal.
            peer.send(wire.ASSIGNED)
            peer.send(wire.UNASSIGNED)
            for command, arguments in [
                (wire.CAN_DO, wire.str8(b"f")), (BROADCAST, wire.str8(b"f")), (wire.GRAB, b""),
                (wire.SLEEP, b""), (wire.DONE, handle(b"f")), (wire.FAIL, handle(b"f")),
            ]:
                assert refuses(peer, command, arguments), command


def test_a_client_may_speak_of_its_functions_only(guarded):
    with client(guarded, b"bob", b"b-token") as peer:
        assert peer.submit(b"g", b"n")
        f = wire.job2(b"f", b"n")
        assert refuses(peer, wire.SUBMIT, f) and refuses(peer, RUN, f) and refuses(peer, RECV_DATA, f)
        assert refuses(peer, wire.DROP, wire.str8(b"f")) and refuses(peer, wire.REMOVE, handle(b"f"))
        assert peer.ask(wire.REMOVE, handle(b"g"))[0] == wire.SUCCESS
        assert peer.ask(wire.PING)[0] == wire.PONG


def test_a_worker_may_speak_of_its_functions_only(guarded):
    with worker(guarded) as peer, client(guarded) as submitter:
        assert peer.ask(wire.CAN_DO, wire.str8(b"f"))[0] == wire.SUCCESS
        assert refuses(peer, wire.CAN_DO, wire.str8(b"g")) and refuses(peer, BROADCAST, wire.str8(b"g"))
        # Reports name a function as well.
        lock = wire.str8(b"l") + b"\0\1"
        for command, arguments in [
            (wire.DONE, handle(b"g")), (wire.FAIL, handle(b"g")),
            (wire.LATER, handle(b"g") + bytes(10)), (WORK_DATA, handle(b"g") + b"x"),
            (ACQUIRE, lock + handle(b"g")), (RELEASE, wire.str8(b"l") + handle(b"g")),
        ]:
            assert refuses(peer, command, arguments), command
        submitter.submit(b"f", b"n")
        grab = peer.send(wire.GRAB)
        assert peer.receive() == (grab, wire.SUCCESS, b"")
        assert peer.receive()[1] == wire.ASSIGN
        peer.send(wire.ASSIGNED, message=grab)
        assert peer.ask(wire.DONE, handle(b"f"))[0] == wire.SUCCESS


def test_status_shows_what_the_identity_may_speak_of(guarded):
    with client(guarded, b"root", b"r-token") as root, client(guarded, b"bob", b"b-token") as bob:
        for function in (b"f", b"g", b"h"):
            assert root.submit(function, b"n")
        assert sorted(root.status()) == ["f", "g", "h"]
        assert sorted(bob.status()) == ["g"]


def test_administration_is_for_admins(guarded):
    with client(guarded) as ann, client(guarded, b"root", b"r-token") as root:
        setting = wire.str8(b"timeout") + struct.pack(">I", 5)
        assert root.ask(LOAD, job_list(wire.job2(b"other", b"n"))) == (wire.SUCCESS, b"")
        assert root.ask(CONFIG_SET, setting)[0] == wire.SUCCESS
        assert root.ask(DUMP)[0] == wire.DATA
        for command, arguments in [
            (DUMP, b""), (LOAD, bytes(8)), (CONFIG_SET, setting), (SHUTDOWN, b""),
        ]:
            assert refuses(ann, command, arguments), command
        assert ann.ask(CONFIG_GET, wire.str8(b"timeout"))[1] == struct.pack(">I", 5)
        root.send(SHUTDOWN)
        assert root.expect_close() == b""
    assert guarded.process.wait(timeout=10) == 0


def test_an_admin_may_register_as_a_worker(guarded):
    with worker(guarded, b"root", b"r-token") as peer:
        assert peer.ask(wire.CAN_DO, wire.str8(b"whatever"))[0] == wire.SUCCESS


def test_clients_administer_where_the_option_says_so(make_daemon, tmp_path):
    path = tmp_path / "identities"
    path.write_text(RULES)
    daemon = make_daemon("memory:", "--auth-file", str(path), "--clients-administer").start()
    with client(daemon) as ann, worker(daemon) as wes:
        assert ann.ask(DUMP)[0] == wire.DATA
        # Each job of a LOAD needs its function still; the others stay.
        jobs = job_list(wire.job2(b"f", b"n"), wire.job2(b"h", b"n"), wire.job2(b"g", b"n"))
        assert ann.ask(LOAD, jobs) == (wire.NO_WORKER, b"")
        assert [row[1] for row in ann.status().values()] == [1, 1]
        assert refuses(wes, DUMP) and refuses(wes, SHUTDOWN)


def test_generation_1_has_no_identity(guarded):
    with wire.Peer1(guarded.unix) as peer:
        refusal = b"\x0c\0\1this connection's identity does not allow it"
        assert peer.submit("f", "n") == refusal
        assert peer.ask(wire.STATUS) == refusal
        # LOAD has no reply in that generation (PROTOCOL 2.1), a refusal neither.
        peer.send(LOAD, json.dumps({"jobs": [{"func": "f", "name": "n"}]}).encode())
        assert peer.ask(wire.PING) == refusal
    with wire.Peer1(guarded.unix, wire.WORKER) as peer:
        peer.send(wire.CAN_DO, b"f")
        assert peer.ask(wire.SLEEP) == refusal
    with client(guarded, b"root", b"r-token") as root:
        assert root.status() == {}


def test_without_a_file_identities_are_accepted_and_mean_nothing(daemon):
    with client(daemon, b"any", b"thing") as peer, worker(daemon, b"", b"") as other:
        assert peer.submit(b"f", b"n")
        assert other.ask(wire.CAN_DO, wire.str8(b"f"))[0] == wire.SUCCESS


def rewrite(path, text: str) -> None:
    """As a careful editor does: the new content takes the old one's place at once."""
    new = path.with_suffix(".new")
    new.write_text(text)
    os.replace(new, path)


def eventually(condition, seconds: float = 5) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_changed_file_counts_for_connections_that_stand(guarded):
    with client(guarded) as ann, worker(guarded) as wes, client(guarded, b"root", b"r-token") as root:
        wes.ask(wire.CAN_DO, wire.str8(b"f"))
        ann.submit(b"f", b"n")
        grab = wes.send(wire.GRAB)
        assert wes.receive()[1] == wire.SUCCESS and wes.receive()[1] == wire.ASSIGN
        wes.send(wire.ASSIGNED, message=grab)
        assert root.status()["f"][:3] == [1, 1, 1]
        rewrite(guarded.rules, RULES.replace("w-token f", "w-token g").replace("a-token f,g", "a-token h"))
        # The worker has registered what it may no longer do: its job goes to others.
        assert wes.expect_close() == b""
        eventually(lambda: root.status()["f"][:3] == [0, 1, 0])
        assert refuses(ann, wire.SUBMIT, wire.job2(b"f", b"m"))
        assert ann.submit(b"h", b"n")
        rewrite(guarded.rules, RULES)
        eventually(lambda: not refuses(ann, wire.SUBMIT, wire.job2(b"f", b"m")))


def test_a_broken_file_keeps_the_old_rules_and_is_logged_once(guarded):
    with client(guarded) as ann, worker(guarded) as wes:
        wes.ask(wire.CAN_DO, wire.str8(b"f"))
        guarded.rules.write_text(RULES + "\nclient carl c-token\n")
        eventually(lambda: b"carl has no functions" in guarded.log.read_bytes())
        assert b"line 8: carl" in guarded.log.read_bytes()
        time.sleep(2.5)
        assert guarded.log.read_bytes().count(b"carl") == 1
        assert b"c-token" not in guarded.log.read_bytes()
        assert ann.submit(b"f", b"n")
        guarded.rules.unlink()
        eventually(lambda: b"No such file" in guarded.log.read_bytes())
        assert ann.submit(b"f", b"n") and wes.ask(wire.PING)[0] == wire.PONG


@pytest.mark.parametrize(
    "text, problem",
    [
        ("client a t f\nboss b t f\n", "line 2: boss is no role"),
        ("client\n", "line 1: there is no name"),
        ("client a # t f\n", "line 1: a has no token"),
        ("worker a t\n", "line 1: a has no functions"),
        ("worker a t ,\n", "line 1: a has no functions"),
        ("client a t f g\n", "line 1: a has more than"),
    ],
)
def test_a_daemon_does_not_start_with_a_broken_file(tmp_path, text, problem):
    path = tmp_path / "identities"
    path.write_text(text)
    command = [conftest.BINARY, "-d", "-H", f"unix://{tmp_path}/s", "--auth-file", path]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20)
    assert done.returncode == 1 and problem in done.stderr
