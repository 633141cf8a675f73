"""A backup of the store while the daemon serves: `periodic backup`, and its HTTP route."""

from __future__ import annotations

import http.client
import json
import os
import resource
import socket
import subprocess
import threading

import pytest
import wire
from conftest import BINARY
from http_peer import Peer, curl, keep

FAR = 4_000_000_000


@pytest.fixture
def kept(make_daemon, tmp_path):
    daemon = make_daemon(f"file:{tmp_path}/jobs").start()
    daemon.copy = tmp_path / "copy"
    return daemon


def periodic(daemon, *arguments, **more) -> subprocess.CompletedProcess[str]:
    command = [str(BINARY), "-H", daemon.unix, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, **more)


def fill(daemon, names, function: bytes = b"f") -> None:
    with wire.Peer2(daemon.unix) as client:
        for name in names:
            client.send(wire.SUBMIT, wire.job2(function, name, workload=b"w" * 300, at=FAR))
        for _ in names:
            assert client.receive()[1] == wire.SUCCESS


def numbered(first: int, end: int) -> list[bytes]:
    return [b"%08d" % number for number in range(first, end)]


class Local(http.client.HTTPConnection):
    """HTTP over the daemon's Unix socket."""

    def __init__(self, daemon):
        super().__init__("localhost", timeout=20)
        self.path = daemon.unix.removeprefix("unix://")

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)


def ask(daemon, method: str, path=None, **headers) -> tuple[int, dict]:
    connection = Local(daemon)
    body = json.dumps({"path": str(path)}) if path else None
    connection.request(method, "/periodic/backup", body, headers)
    answer = connection.getresponse()
    return answer.status, json.loads(answer.read())


def jobs_of(make_daemon, path) -> int:
    daemon = make_daemon(f"file:{path}").start()
    with wire.Peer2(daemon.unix) as client:
        return sum(row[1] for row in client.status().values())


def test_a_backup_under_load_has_what_was_acknowledged_before_it_was_complete(kept, make_daemon):
    fill(kept, numbered(0, 20_000))
    acknowledged, stop = [], threading.Event()

    def load():
        first = 20_000
        while not stop.is_set():
            fill(kept, numbered(first, first + 200))
            first += 200
            acknowledged.append(first)

    thread = threading.Thread(target=load)
    thread.start()
    before = 20_000
    try:
        done = periodic(kept, "backup", kept.copy, "--json")
        after = acknowledged[-1] if acknowledged else 20_000
    finally:
        stop.set()
        thread.join()
    assert done.returncode == 0 and done.stderr == "", done
    told = json.loads(done.stdout)
    assert told["path"] == str(kept.copy) and told["pages"] > 1000
    assert sorted(kept.copy.parent.glob("copy*")) == [kept.copy]
    checked = subprocess.run([BINARY, "check", kept.copy], capture_output=True, text=True)
    assert checked.returncode == 0, checked
    # The load goes on for a moment after the copy is complete.
    assert before <= jobs_of(make_daemon, kept.copy) <= after + 200
    assert f"{kept.copy} is complete" in kept.log.read_text()


def test_what_was_acknowledged_is_in_a_backup_that_begins_later(kept, make_daemon):
    fill(kept, numbered(0, 100))
    done = periodic(kept, "backup", "copy", cwd=kept.copy.parent)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert jobs_of(make_daemon, kept.copy) == 100


def test_over_http_a_backup_is_begun_and_looked_at(kept):
    assert ask(kept, "GET") == (200, {"state": "none", "path": "", "pages_done": 0, "pages": 0})
    status, state = ask(kept, "POST", kept.copy)
    assert (status, state["state"], state["path"]) == (202, "running", str(kept.copy))
    while state["state"] == "running":
        status, state = ask(kept, "GET")
    assert (status, state["state"]) == (200, "done"), state
    assert state["pages_done"] == state["pages"] > 0 and kept.copy.exists()


def test_a_second_backup_waits_for_the_first_and_one_can_be_cancelled(kept):
    body = [json.dumps({"path": f"{kept.copy}{number}"}).encode() for number in range(2)]
    asked = [keep("/periodic/backup", data) for data in body] + [
        keep("/periodic/backup", method="DELETE")
    ]
    # In one piece: they are carried out in one turn.
    with Peer(kept.unix) as peer:
        peer.send(b"".join(asked))
        answers = [peer.receive() for _ in asked]
    states = [json.loads(answer.body)["state"] for answer in answers]
    assert [answer.status for answer in answers] == [202, 409, 200]
    assert states == ["running", "running", "cancelled"]
    assert json.loads(answers[1].body)["path"] == f"{kept.copy}0"
    assert list(kept.copy.parent.glob("copy*")) == []
    assert periodic(kept, "backup", kept.copy).returncode == 0
    assert periodic(kept, "backup", "--cancel").returncode == 0
    assert kept.copy.exists()


def test_what_stands_in_the_way_is_told(kept, tmp_path):
    (tmp_path / "there").write_text("mine")
    (tmp_path / "cut.part").write_text("mine")
    for name, told in [
        ("there", "File exists"),
        ("cut", "a backup that was cut off left it: remove it"),
        ("missing/copy", "No such file or directory"),
        ("jobs", "File exists"),
        ("x" * 300, "File name too long"),
    ]:
        failed = periodic(kept, "backup", tmp_path / name)
        assert failed.returncode == 1 and failed.stdout == "", failed
        assert str(tmp_path / name) in failed.stderr and told in failed.stderr, failed
    assert (tmp_path / "there").read_text() == (tmp_path / "cut.part").read_text() == "mine"
    for arguments in [], [kept.copy, "--cancel"]:
        assert periodic(kept, "backup", *arguments).returncode == 2


def test_a_full_disk_fails_the_backup_and_not_the_server(kept, tmp_path):
    fill(kept, numbered(0, 20_000))
    # A limit on the size of files is a full disk to who writes them.
    resource.prlimit(kept.process.pid, resource.RLIMIT_FSIZE, (2 << 20, resource.RLIM_INFINITY))
    failed = periodic(kept, "backup", kept.copy)
    unlimited = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
    resource.prlimit(kept.process.pid, resource.RLIMIT_FSIZE, unlimited)
    assert failed.returncode == 1 and "full" in failed.stderr, failed
    assert list(tmp_path.glob("copy*")) == []
    assert periodic(kept, "backup", kept.copy).returncode == 0


def test_a_store_in_memory_has_no_backup(daemon, tmp_path):
    failed = periodic(daemon, "backup", tmp_path / "copy")
    assert failed.returncode == 1
    assert "jobs are kept in memory only: dump them instead" in failed.stderr


def test_only_the_servers_user_and_root_may_ask(kept):
    kept.copy.parent.chmod(0o777)
    refusal = "a backup is asked for over a Unix socket, by the server's user or root"
    command = [str(BINARY), "-H", kept.tcp, "backup", str(kept.copy)]
    over_tcp = subprocess.run(command, capture_output=True, text=True)
    assert over_tcp.returncode == 1 and refusal in over_tcp.stderr, over_tcp
    assert curl(kept, "/periodic/backup") == (403, json.dumps({"err": refusal}))
    if os.geteuid() != 0:
        pytest.fail("these tests are run by root, who can be somebody else")
    script = (
        "import socket, sys; peer = socket.socket(socket.AF_UNIX); peer.connect(sys.argv[1]);"
        "peer.sendall(b'GET /periodic/backup HTTP/1.0\\r\\n\\r\\n'); print(peer.recv(100).decode())"
    )
    path = kept.unix.removeprefix("unix://")
    os.chmod(os.path.dirname(path), 0o755)
    other = ["setpriv", "--reuid=65534", "--clear-groups", "/usr/bin/python3", "-c", script, path]
    answer = subprocess.run(other, capture_output=True, text=True)
    assert answer.stdout.startswith("HTTP/1.1 403 "), answer
    assert not kept.copy.exists()


def test_with_identities_only_an_admin_may_ask(make_daemon, tmp_path):
    rules = tmp_path / "identities"
    rules.write_text("client ann a-token f\nadmin root r-token any\n")
    daemon = make_daemon(f"file:{tmp_path}/jobs", "--auth-file", str(rules)).start()
    copy = tmp_path / "copy"
    assert ask(daemon, "POST", copy)[0] == 401
    status, body = ask(daemon, "POST", copy, Authorization="Bearer ann:a-token")
    assert (status, body) == (403, {"err": "only an admin may ask for a backup"})
    admin = ["--client-name", "root", "--client-token", "r-token"]
    command = [str(BINARY), "-H", daemon.tcp, *admin, "backup", str(copy)]
    assert subprocess.run(command, capture_output=True, text=True).returncode == 0
    assert copy.exists()
