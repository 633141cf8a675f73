"""HTTP on the main port: each line of PROTOCOL 3.1 and 3.2 with its exact body, by curl and by hand."""

from __future__ import annotations

import json
import struct
import threading
import time

import pytest

import wire
from http_peer import Peer, ask, curl, keep, request, run_curl

SUCCESS = '{"msg": "SUCCESS"}'
RESULT_LOST = "Error: Job execution failed or timed out"


def handle(function: bytes, name: bytes) -> bytes:
    return wire.str8(function) + wire.str8(name)


class Worker(wire.Peer2):
    """A worker of one function that has one grab outstanding."""

    def __init__(self, daemon, function: bytes = b"f"):
        super().__init__(daemon.unix, wire.WORKER)
        assert self.ask(wire.CAN_DO, wire.str8(function))[0] == wire.SUCCESS
        self.grab = self.send(wire.GRAB)
        assert self.receive() == (self.grab, wire.SUCCESS, b"")

    def take(self) -> bytes:
        """The job that comes, as it is on the wire."""
        message, command, job = self.receive()
        assert (message, command) == (self.grab, wire.ASSIGN)
        self.send(wire.ASSIGNED, message=message)
        return job


# PROTOCOL 3.1


def test_the_headers_are_those_of_the_go_server(daemon):
    answer = ask(daemon, request("/"))
    assert (answer.status, answer.reason, answer.body) == (200, "OK", b"{}")
    assert answer.headers == [
        ("Content-Type", "application/json; charset=utf-8"),
        ("Server", "periodic/0.1.7"),
        ("Connection", "close"),
        ("Content-Length", "2"),
    ]


def test_status_of_all_functions_sorted(daemon):
    assert curl(daemon, "") == (200, "{}")
    for function in "zeta", "alpha":
        assert curl(daemon, "-d", "name=n", f"/{function}") == (200, SUCCESS)
    rows = ",".join(
        f'"{function}":{{"func_name":"{function}","total_worker":0,"total_job":1,"processing":0}}'
        for function in ("alpha", "zeta")
    )
    assert curl(daemon, "") == (200, "{" + rows + "}")


def test_status_of_one_function(daemon):
    assert curl(daemon, "/FUNC") == (200, "{}")
    with Worker(daemon, b"FUNC") as worker:
        curl(daemon, "-d", "name=n", "/FUNC")
        worker.take()
        row = '{"func_name":"FUNC","total_worker":1,"total_job":1,"processing":1}'
        assert curl(daemon, "/FUNC") == (200, row)


def test_drop(daemon):
    curl(daemon, "-d", "name=n", "/FUNC")
    assert curl(daemon, "-X", "DELETE", "/FUNC") == (200, SUCCESS)
    assert curl(daemon, "/FUNC") == (200, "{}")
    assert curl(daemon, "-X", "DELETE", "/FUNC") == (200, SUCCESS)
    assert curl(daemon, "-X", "DELETE", "/") == (400, '{"err": "func is required"}')


def test_drop_leaves_a_function_that_has_a_worker(daemon):
    with Worker(daemon, b"g"):
        curl(daemon, "-d", "name=n", "/FUNC")
        with Worker(daemon, b"FUNC"):
            assert curl(daemon, "-X", "DELETE", "/FUNC") == (200, SUCCESS)
            assert '"total_job":1' in curl(daemon, "/FUNC")[1]


def test_submit_with_a_function_in_the_form(daemon):
    due = int(time.time())
    form = ["-d", "func=F", "-d", "name=N", "-d", "args=A", "-d", "timeout=5", "-d", f"sched_at={due}"]
    assert curl(daemon, *form, "") == (200, SUCCESS)
    with Worker(daemon, b"F") as worker:
        job = worker.take()
        assert job == handle(b"F", b"N") + b"\0\0\0\1A" + struct.pack(">qBi", due, 2, 5)


@pytest.mark.parametrize("form", [["name=N"], ["func=F"], ["func=&name=N"], ["args=A"]])
def test_submit_without_names(daemon, form):
    answer = 400, '{"err": "job name or func is required"}'
    assert curl(daemon, "-d", *form, "") == answer


def test_submit_with_a_function_in_the_path_which_wins(daemon):
    assert curl(daemon, "-d", "name=N", "-d", "args=A", "-d", "func=other", "/FUNC") == (200, SUCCESS)
    assert list(json.loads(curl(daemon, "")[1])) == ["FUNC"]


def test_fields_may_stand_in_the_query_and_numbers_may_be_none(daemon):
    assert curl(daemon, "-X", "POST", "/?func=F&name=N&timeout=x&sched_at=1.5") == (200, SUCCESS)
    with Worker(daemon, b"F") as worker:
        # Generation 1 gave no time limit; a worker of generation 2 gets the server's.
        assert worker.take().startswith(handle(b"F", b"N"))


@pytest.mark.parametrize("act", ["remove", "ReMoVe"])
@pytest.mark.parametrize("more", [[], ["-d", "func=F"]])
def test_remove(daemon, act, more):
    curl(daemon, "-d", "name=N", "/FUNC")
    form = ["-d", "name=N", *more, "-d", f"act={act}", "/FUNC"]
    assert curl(daemon, *form) == (200, SUCCESS)
    assert curl(daemon, *form) == (400, '{"err": "Job FUNC:N not exists."}')


def test_error_texts_are_json(daemon):
    status, body = curl(daemon, "-d", "name=a%22%0A", "-d", "act=remove", "/%3Cf")
    assert status == 400 and json.loads(body) == {"err": 'Job <f:a"\n not exists.'}


@pytest.mark.parametrize("method", ["PUT", "PATCH", "OPTIONS"])
def test_other_methods(daemon, method):
    answer = ask(daemon, request("/f", None, method))
    assert (answer.status, answer.reason, answer.body) == (400, "Bad Request", b"")
    assert answer.header("Content-Length") == "0"


def test_head_is_get_without_a_body(daemon):
    curl(daemon, "-d", "name=N", "/f")
    for target in "/", "/f", "/unknown", "/periodic/status", "/periodic/ready", "/periodic/x":
        full, head = (ask(daemon, request(target, None, method)) for method in ("GET", "HEAD"))
        assert (full.status, full.headers) == (head.status, head.headers)
        assert full.body and not head.body


def test_paths_are_percent_decoded(daemon):
    assert curl(daemon, "-d", "name=N", "/a%2Fb%C3%BC") == (200, SUCCESS)
    assert curl(daemon, "-d", "name=N", "/periodic%2Fstatus") == (200, SUCCESS)
    assert sorted(json.loads(curl(daemon, "")[1])) == ["a/bü", "periodic/status"]
    assert ask(daemon, request("/%2")).status == 400
    assert ask(daemon, request("/%zz")).status == 400


# PROTOCOL 3.2


def test_bridge_status(daemon):
    assert curl(daemon, "/periodic/status/") == (200, "")
    for function in b"b", b"a":
        with wire.Peer2(daemon.unix) as client:
            client.submit(function, b"n", at=5_000_000_000)
    lines = "a,0,1,0,0,5000000000\nb,0,1,0,0,5000000000"
    assert curl(daemon, "/periodic/status/") == curl(daemon, "/periodic/status") == (200, lines)
    answer = ask(daemon, request("/periodic/status/"))
    assert answer.header("Content-Type") is None


@pytest.mark.parametrize("slash", ["", "/"])
def test_bridge_submit(daemon, slash):
    due = int(time.time()) - 1
    target = f"/periodic/submit/a%2Fb/N%FF{slash}?sched_at={due + 1}&timeout=7"
    answer = ask(daemon, request(target, b"\0work\xff"))
    assert (answer.status, answer.reason, answer.body) == (204, "No Content", b"")
    assert answer.header("Content-Length") is None and answer.header("Content-Type") is None
    with Worker(daemon, b"a/b") as worker:
        job = worker.take()
        assert job.startswith(handle(b"a/b", b"N\xff") + b"\0\0\0\6\0work\xff")
        assert job.endswith(struct.pack(">Bi", 2, 7))


def test_bridge_submit_without_numbers(daemon):
    assert curl(daemon, "-d", "a=b&c", "/periodic/submit/f/n/?sched_at=x&timeout=") == (204, "")
    with Worker(daemon) as worker:
        assert b"\0\0\0\5a=b&c" in worker.take()


@pytest.mark.parametrize("slash", ["", "/"])
def test_bridge_run(daemon, slash):
    with Worker(daemon) as worker:
        results = []
        target = f"/periodic/run/f/n{slash}?timeout=5"
        waiter = threading.Thread(target=lambda: results.append(ask(daemon, request(target, b"w"))))
        waiter.start()
        assert worker.take().startswith(handle(b"f", b"n") + b"\0\0\0\1w")
        worker.ask(wire.DONE, handle(b"f", b"n") + b"\0result\xff")
        waiter.join()
    (answer,) = results
    assert (answer.status, answer.body) == (200, b"\0result\xff")
    assert answer.header("Content-Type") is None


def test_bridge_run_that_fails_expires_or_finds_nobody(daemon):
    assert curl(daemon, "-d", "w", "/periodic/run/f/n/") == (500, RESULT_LOST)
    with Worker(daemon) as worker, Peer(daemon.tcp) as peer:
        peer.send(keep("/periodic/run/f/n?timeout=30", b"w"))
        worker.take()
        worker.ask(wire.FAIL, handle(b"f", b"n"))
        assert peer.receive().body == b"failed"
        before = time.monotonic()
        answer = peer.ask(keep("/periodic/run/f/n?timeout=1", b""))
        assert (answer.status, answer.body) == (200, b"expired")
        assert 0.9 < time.monotonic() - before < 2


def test_bridge_run_of_a_stored_job(make_daemon, tmp_path):
    daemon = make_daemon(f"file:{tmp_path}/jobs.sqlite").start()
    assert curl(daemon, "-d", "old", "/periodic/submit/f/n?sched_at=5000000000") == (204, "")
    with Worker(daemon) as worker, Peer(daemon.tcp) as peer:
        peer.send(keep("/periodic/run/f/n", b"new") + keep("/f"))
        assert b"\0\0\0\3new" in worker.take()
        assert worker.ask(wire.DONE, handle(b"f", b"n") + b"ok")[0] == wire.SUCCESS
        assert peer.receive().body == b"ok"
        assert b'"total_job":0' in peer.receive().body


def test_bridge_run_of_a_job_that_is_removed(daemon):
    with Worker(daemon) as worker, Peer(daemon.tcp) as peer:
        peer.send(keep("/periodic/run/f/n", b"w"))
        worker.take()
        assert curl(daemon, "-d", "name=n&act=remove", "/f") == (200, SUCCESS)
        assert peer.receive().body == b"removed"


@pytest.mark.parametrize("slash", ["", "/"])
def test_bridge_remove_and_drop(daemon, slash):
    curl(daemon, "-d", "w", "/periodic/submit/f/n/")
    for _ in range(2):
        assert curl(daemon, "-X", "POST", f"/periodic/remove/f/n{slash}") == (204, "")
    assert curl(daemon, "/f") == (200, '{"func_name":"f","total_worker":0,"total_job":0,"processing":0}')
    assert curl(daemon, "-X", "POST", f"/periodic/drop/f{slash}") == (204, "")
    assert curl(daemon, "") == (200, "{}")


@pytest.mark.parametrize("target", ["/periodic/", "/periodic/x", "/periodic/submit/f", "/periodic/run/a/b/c"])
def test_unknown_routes(daemon, target):
    for data in request(target), request(target, b"body"):
        answer = ask(daemon, data)
        assert (answer.status, answer.body) == (404, b'{"err": "not found"}')


def test_readiness(daemon):
    assert curl(daemon, "/periodic/ready") == (200, '{"msg": "ready"}')


# The HTTP of it


def test_without_being_asked_a_connection_is_not_kept(daemon):
    with Peer(daemon.tcp) as peer:
        peer.send(request("/a") + request("/b"))
        assert peer.receive().header("Connection") == "close"
        assert peer.expect_close() == b""


def test_curl_keeps_a_connection_that_it_asks_to_keep(daemon):
    url = f"http://127.0.0.1:{daemon.port}"
    options = ["-w", " %{num_connects};", "-H", "Connection: keep-alive"]
    answers = run_curl(*options, f"{url}/periodic/ready", f"{url}/f")
    assert answers == '{"msg": "ready"} 1;{} 0;'


def test_a_kept_connection_is_answered_in_order(daemon):
    with Peer(daemon.tcp) as peer:
        for number in range(3):
            answer = peer.ask(keep("/f", b"name=n%d" % number))
            assert (answer.body.decode(), answer.header("Connection")) == (SUCCESS, "keep-alive")
        assert peer.ask(keep("/f", b"x=y")).status == 400
        assert peer.ask(keep("/f", None, "PUT")).status == 400
        assert b'"total_job":3' in peer.ask(keep("/f", None)).body
        assert peer.ask(request("/")).header("Connection") == "close"
        assert peer.expect_close() == b""


def test_pipelined_requests_are_answered_in_order(daemon):
    count = 500
    data = b"".join(
        keep("/f", b"name=%d" % number) + keep("/f") + keep("/periodic/submit/g/%d" % number, b"w")
        for number in range(count)
    )
    with Peer(daemon.tcp) as peer:
        threading.Thread(target=peer.send, args=(data + request("/"),)).start()
        for number in range(1, count + 1):
            assert peer.receive().body.decode() == SUCCESS
            assert json.loads(peer.receive().body)["total_job"] == number
            assert peer.receive().status == 204
        assert json.loads(peer.receive().body)["g"]["total_job"] == count
        assert peer.expect_close() == b""


def test_pipelined_requests_wait_for_a_result(daemon):
    with Worker(daemon) as worker, Peer(daemon.tcp) as peer:
        peer.send(keep("/periodic/run/f/n", b"w") + request("/f"))
        worker.take()
        peer.socket.settimeout(0.2)
        with pytest.raises(TimeoutError):
            peer.socket.recv(1)
        peer.socket.settimeout(10)
        worker.ask(wire.DONE, handle(b"f", b"n") + b"ok")
        assert peer.receive().body == b"ok"
        assert b'"total_job":0' in peer.receive().body


def test_the_same_with_a_file_store(make_daemon, tmp_path):
    daemon = make_daemon(f"file:{tmp_path}/jobs.sqlite").start()
    with Peer(daemon.tcp) as peer:
        peer.send(b"".join(keep("/f", b"name=%d" % number) for number in range(200)) + keep("/f"))
        for _ in range(200):
            assert peer.receive().body.decode() == SUCCESS
        assert json.loads(peer.receive().body)["total_job"] == 200
        form = b"name=0&act=remove"
        assert [peer.ask(keep("/f", form)).status for _ in range(2)] == [200, 400]


@pytest.mark.parametrize("version,asks,kept", [("1.0", True, True), ("1.0", False, False), ("1.1", False, False)])
def test_both_versions(daemon, version, asks, kept):
    fields = ["Connection: keep-alive"] if asks else []
    with Peer(daemon.tcp) as peer:
        answer = peer.ask(request("/", None, None, *fields, version=version))
        assert answer.header("Connection") == ("keep-alive" if kept else "close")


def test_chunked_bodies(daemon):
    fields = ["-H", "Transfer-Encoding: chunked"]
    assert curl(daemon, *fields, "-d", "name=n&args=a", "/f") == (200, SUCCESS)
    with Peer(daemon.tcp) as peer:
        head = request("/periodic/submit/g/n", None, "POST", "Transfer-Encoding: chunked", "Connection: keep-alive")
        chunks = b"3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nTrailer: t\r\n\r\n"
        peer.send(head + chunks + keep("/g"))
        assert peer.receive().status == 204
        assert b'"total_job":1' in peer.receive().body
    with Worker(daemon, b"g") as worker:
        assert b"\0\0\0\5abcde" in worker.take()


def test_expect_100_continue(daemon):
    for target in "/f", "/periodic/submit/g/n":
        with Peer(daemon.tcp) as peer:
            peer.send(request(target, None, "POST", "Expect: 100-continue", "Content-Length: 6"))
            assert peer.line() == "HTTP/1.1 100 Continue" and peer.line() == ""
            peer.send(b"name=n")
            assert peer.receive().status in (200, 204)
    # curl asks for it by itself with a body of more than a mebibyte.
    form = "name=big&args=" + "a" * 2_000_000
    assert curl(daemon, "-H", "Expect: 100-continue", "-d", form[:100_000], "/f") == (200, SUCCESS)
    with Peer(daemon.tcp) as peer:
        refused = request("/f", None, "PUT", "Expect: 100-continue", "Content-Length: 6")
        assert peer.ask(refused).status == 400, "the body is not asked for"
        assert peer.expect_close() == b""


@pytest.mark.parametrize("origin", ["null", "http://evil.example", "http://h:81", "https://h:80"])
def test_pages_of_other_origins_are_refused(daemon, origin):
    for target in "/f", "/periodic/submit/f/n", "/periodic/ready":
        answer = ask(daemon, request(target, b"name=n", "POST", f"Origin: {origin}"))
        assert answer.status == 403
        assert json.loads(answer.body) == {"err": "the request is from another origin"}
    assert curl(daemon, "") == (200, "{}")


def test_pages_of_this_origin_are_served(daemon):
    own = f"http://127.0.0.1:{daemon.port}"
    assert curl(daemon, "-H", f"Origin: {own}", "-d", "name=n", "/f") == (200, SUCCESS)
    assert curl(daemon, "-H", "Origin: http://127.0.0.1", "-d", "name=n", "/f")[0] == 403


@pytest.mark.parametrize(
    "data,status",
    [
        (b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: h\r\n\r\n", 414),
        (request("/", None, None, "A: " + "a" * 70_000), 431),
        (request("/", None, None, *["A: b"] * 101), 431),
        (request("/f", None, "POST", f"Content-Length: {(64 << 20) + 1}"), 413),
        (request("/f", None, "POST", "Content-Length: 1", "Transfer-Encoding: chunked"), 400),
        (request("/f", None, "POST", "Transfer-Encoding: gzip"), 501),
        (request("/f", None, "POST", "Expect: cake"), 417),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost : h\r\n\r\n", 400),
        (b"GET / HTTP/1.1\nHost: h\n\n", 400),
        (b"GET / HTTP/2.0\r\nHost: h\r\n\r\n", 505),
        (b"POST / HTTP/1.1 x\r\nHost: h\r\n\r\n", 400),
        (request("/f", b"name=" + b"n" * 256), 413),
        (request("/periodic/submit/f/" + "n" * 256, b""), 413),
    ],
)
def test_what_is_refused_is_told_why(daemon, data, status):
    # Even where the connection was to be kept, nothing is read after bytes that are no request.
    answer = ask(daemon, data)
    assert answer.status == status
    assert answer.header("Content-Type") == "application/json; charset=utf-8"
    assert json.loads(answer.body)["err"]
    assert curl(daemon, "/periodic/ready")[0] == 200


def test_garbage_on_a_kept_connection_ends_it(daemon):
    with Peer(daemon.tcp) as peer:
        peer.send(keep("/") + b"\0REQ\0\0\0\1\1")
        assert peer.receive().status == 200
        answer = peer.receive()
        assert (answer.status, answer.header("Connection")) == (400, "close")
        assert peer.expect_close() == b""


def test_a_client_that_sends_no_more_gets_its_answers(daemon):
    with Worker(daemon) as worker, Peer(daemon.tcp) as peer:
        peer.send(keep("/f") + keep("/periodic/run/f/n", b"w") + keep("/"))
        peer.socket.shutdown(1)
        assert peer.receive().status == 200
        worker.take()
        worker.ask(wire.DONE, handle(b"f", b"n") + b"ok")
        assert peer.receive().body == b"ok"
        assert peer.receive().status == 200
        assert peer.expect_close() == b""


def test_half_a_request_and_then_no_more(daemon):
    with Peer(daemon.tcp) as peer:
        peer.send(request("/f", b"name=n")[:-2])
        peer.socket.shutdown(1)
        assert peer.expect_close() == b""
    assert curl(daemon, "") == (200, "{}")


def test_a_client_that_goes_away_waits_no_more_and_its_job_still_runs(daemon):
    with wire.Peer2(daemon.unix, wire.WORKER) as worker:
        worker.ask(wire.CAN_DO, wire.str8(b"f"))
        with Peer(daemon.unix) as peer:
            peer.send(request("/periodic/run/f/n?timeout=1", b"w"))
            while worker.status()["f"][1] == 0:
                time.sleep(0.01)
        # With somebody still waiting the job would go with the waiter's time.
        time.sleep(1.5)
        assert worker.status()["f"][:2] == [1, 1]
        worker.send(wire.GRAB)
        assert worker.receive()[1] == wire.SUCCESS
        assert worker.receive()[2].startswith(handle(b"f", b"n"))


@pytest.mark.parametrize("size", [1023, 1024, 1025, 2048, 4096, 65_536])
def test_no_length_of_a_request_is_special(daemon, size):
    # The head's length, with as many digits of Content-Length as the whole will have.
    head = len(request("/f", b"a" * (size - 200))) - (size - 200)
    form = f"name={size}&args="
    data = request("/f", form.ljust(size - head, "a").encode())
    assert len(data) == size
    assert ask(daemon, data).body.decode() == SUCCESS
    with Worker(daemon) as worker:
        assert b"a" * (size - head - len(form)) in worker.take()


def test_byte_by_byte(daemon):
    data = keep("/f", b"name=n&args=a%2Fb") + keep("/periodic/submit/f/m", b"w") + request("/f")
    with Peer(daemon.tcp) as peer:
        for byte in data:
            peer.send(bytes([byte]))
            time.sleep(0.0005)
        assert peer.receive().body.decode() == SUCCESS
        assert peer.receive().status == 204
        assert b'"total_job":2' in peer.receive().body
        assert peer.expect_close() == b""


def test_a_large_body_may_take_longer_than_the_deadline(make_daemon):
    daemon = make_daemon("memory:", "--registration-deadline", "1").start()
    with Peer(daemon.tcp) as large, Peer(daemon.tcp) as small:
        small.send(request("/periodic/submit/f/s", None, "POST", "Content-Length: 1000"))
        large.send(request("/periodic/submit/f/l", None, "POST", "Content-Length: 800000"))
        for _ in range(8):
            large.send(b"a" * 100_000)
            time.sleep(0.25)
        assert large.receive().status == 204
        assert small.receive().status == 408


def test_too_slow_and_idle_connections_are_closed(make_daemon):
    daemon = make_daemon("memory:", "--registration-deadline", "1").start()
    with Peer(daemon.tcp) as slow, Peer(daemon.tcp) as idle, Peer(daemon.tcp) as busy:
        slow.send(keep("/") + b"GET / HT")
        idle.send(keep("/"))
        for peer in slow, idle:
            assert peer.receive().status == 200
        until = time.monotonic() + 2
        while time.monotonic() < until:
            assert busy.ask(keep("/")).status == 200
            time.sleep(0.1)
        answer = slow.receive()
        assert (answer.status, answer.header("Connection")) == (408, "close")
        assert slow.expect_close() == b"" and idle.expect_close() == b""
        assert busy.ask(keep("/")).status == 200


def test_a_stop_answers_who_waits(daemon):
    with Worker(daemon) as worker, Peer(daemon.tcp) as peer, Peer(daemon.tcp) as idle:
        assert idle.ask(keep("/")).status == 200
        peer.send(keep("/periodic/run/f/n", b"w"))
        worker.take()
        assert daemon.stop() == 0
        answer = peer.receive()
        assert (answer.status, answer.body) == (503, b'{"err": "stopping"}')
        assert peer.expect_close() == b"" and idle.expect_close() == b""
