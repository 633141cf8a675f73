"""HTTP where identities are configured (PROTOCOL 1.4, 3.1): bearer tokens, and what each may do."""

from __future__ import annotations

import json
import time

import pytest
from http_peer import Peer, ask, curl, request

RULES = """
client ann a-token f,g
worker wes w-token f
admin root r-token any
"""
SUCCESS = '{"msg": "SUCCESS"}'


@pytest.fixture
def guarded(make_daemon, tmp_path):
    path = tmp_path / "identities"
    path.write_text(RULES)
    daemon = make_daemon("memory:", "--auth-file", str(path)).start()
    daemon.rules = path
    return daemon


def bearer(name: str, token: str | None = None) -> list[str]:
    return ["-H", f"Authorization: Bearer {name}:{token or name[0] + '-token'}"]


REQUESTS = [
    request("/"),
    request("/f"),
    request("/f", b"name=n"),
    request("/f", None, "DELETE"),
    request("/f", None, "PUT"),
    request("/periodic/status/"),
    request("/periodic/dump"),
    request("/periodic/submit/f/n", b"w"),
    request("/periodic/run/f/n", b"w"),
    request("/periodic/remove/f/n", b""),
    request("/periodic/drop/f", b""),
    request("/periodic/unknown"),
]


@pytest.mark.parametrize(
    "credentials",
    ["", "Bearer ann:b-token", "Bearer ann:", "Bearer nobody:a-token", "Basic ann:a-token", "Bearer ann"],
)
def test_nobody_known_gets_nothing(guarded, credentials):
    field = f"Authorization: {credentials}\r\n" if credentials else ""
    for data in REQUESTS:
        answer = ask(guarded, data.replace(b"Host: h\r\n", f"Host: h\r\n{field}".encode()))
        assert (answer.status, answer.reason) == (401, "Unauthorized")
        assert answer.header("WWW-Authenticate") == "Bearer"
        assert json.loads(answer.body) == {"err": "a known name and its token are needed"}
    assert curl(guarded, *bearer("root"), "/") == (200, "{}")


def test_readiness_needs_no_token(guarded):
    assert curl(guarded, "/periodic/ready") == (200, '{"msg": "ready"}')


def test_a_worker_is_no_client(guarded):
    for path in "/", "/periodic/status/", "/f":
        assert curl(guarded, *bearer("wes"), path)[0] == 403


def test_each_has_the_functions_of_its_rule(guarded):
    ann, root = bearer("ann"), bearer("root")
    for function, status in ("f", 200), ("g", 200), ("h", 403):
        assert curl(guarded, *ann, "-d", "name=n", f"/{function}")[0] == status
        assert curl(guarded, *ann, "-d", f"name=n&func={function}", "/")[0] == status
        assert curl(guarded, *ann, "-d", "name=n&act=remove", f"/{function}")[0] == status
        assert curl(guarded, *ann, "-X", "DELETE", f"/{function}")[0] == status
        for route in "submit", "remove":
            bridge = curl(guarded, *ann, "-d", "w", f"/periodic/{route}/{function}/n")
            assert bridge[0] == (204 if status == 200 else 403)
        assert curl(guarded, *ann, "-d", "", f"/periodic/drop/{function}")[0] == (204 if status == 200 else 403)
        assert curl(guarded, *ann, "-d", "", f"/periodic/run/{function}/n")[0] == (500 if status == 200 else 403)
        assert curl(guarded, *root, "-d", "name=n", f"/{function}") == (200, SUCCESS)
    refused = curl(guarded, *ann, "-d", "name=n", "/h")
    assert refused == (403, '{"err": "this identity may not do that"}')


def test_each_sees_its_own_functions(guarded):
    for function in "f", "h":
        curl(guarded, *bearer("root"), "-d", "name=n&sched_at=5000000000", f"/{function}")
    assert list(json.loads(curl(guarded, *bearer("ann"), "")[1])) == ["f"]
    assert list(json.loads(curl(guarded, *bearer("root"), "")[1])) == ["f", "h"]
    assert curl(guarded, *bearer("ann"), "/periodic/status/") == (200, "f,0,1,0,0,5000000000")
    assert curl(guarded, *bearer("ann"), "/h") == (200, "{}")
    assert curl(guarded, *bearer("ann"), "/f") == curl(guarded, *bearer("root"), "/f")


def test_each_request_of_a_connection_says_who_it_is_from(guarded):
    keep, ann = "Connection: keep-alive", "Authorization: Bearer ann:a-token"
    with Peer(guarded.tcp) as peer:
        assert peer.ask(request("/f", None, None, keep, ann)).status == 200
        assert peer.ask(request("/f", None, None, keep)).status == 401
        assert peer.ask(request("/f", None, None, keep, ann)).status == 200


def test_a_body_is_not_asked_for_from_nobody(guarded):
    with Peer(guarded.tcp) as peer:
        peer.send(request("/f", None, "POST", "Expect: 100-continue", "Content-Length: 6"))
        assert peer.receive().status == 401
        assert peer.expect_close() == b""


def test_new_rules_hold_for_the_next_request(guarded):
    assert curl(guarded, *bearer("ann"), "/f")[0] == 200
    guarded.rules.write_text(RULES.replace("a-token", "other"))
    until = time.monotonic() + 5
    while curl(guarded, *bearer("ann"), "/f")[0] != 401:
        assert time.monotonic() < until
        time.sleep(0.1)
    assert curl(guarded, *bearer("ann", "other"), "/f")[0] == 200
