"""The examples and the documents say what is true."""

from __future__ import annotations

import json
import pathlib
import re
import signal
import socket
import subprocess
import sys
import threading
import urllib.request

import pytest

from libperiodic import Client, Server

PACKAGE = pathlib.Path(__file__).resolve().parents[1]
EXAMPLES = PACKAGE.parents[1] / "examples" / "python"


def hear_ctrl_c():
    """Also where the tests run in the background of a shell, which lets them ignore it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def started(name, *arguments, **options):
    line = [sys.executable, EXAMPLES / name, *arguments]
    return subprocess.Popen(line, stdout=subprocess.PIPE, text=True, preexec_fn=hear_ctrl_c, **options)


def asked(port, path, body=None):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", data=body, timeout=30) as answer:
        return json.load(answer)


def test_the_web_application(tmp_path):
    process = started("web.py", "0", tmp_path / "jobs")
    port = int(process.stdout.readline().split()[-1])
    assert asked(port, "/thumbnails/a.png", b"12345") == {"accepted": "a.png"}
    assert process.stdout.readline() == "made a.png from 5 bytes\n"
    assert asked(port, "/ask/word", b"") == {"answer": "drow"}
    while asked(port, "/jobs"):
        pass
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=30) == 0
    process.stdout.close()


def test_the_asyncio_worker(tmp_path):
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = listening.accept()
        connection.recv(1000)
        connection.sendall(b"HTTP/1.0 200 Fine\r\n\r\n")
        connection.close()

    threading.Thread(target=serve, daemon=True).start()
    address = f"unix://{tmp_path}/s"
    with Server("memory:", address) as server, Client(server) as client:
        process = started("asyncio_worker.py", address, stderr=subprocess.DEVNULL)
        while not client.status():
            pass
        with client.run_stream("fetch", "n", json=list(listening.getsockname())) as stream:
            assert list(stream) == [b"connected"]
        assert stream.result == b"HTTP/1.0 200 Fine\r\n"
        process.terminate()
        assert process.wait(timeout=30) == 0
    process.stdout.close()
    listening.close()


@pytest.mark.parametrize(
    "name, said",
    [
        ("pipeline.py", "be=3 not=1 or=1 quick=1 sleep=1 to=3\n"),
        ("preforking.py", "from child 0, from child 1, from child 2\n"),
    ],
)
def test_examples_that_end_by_themselves(name, said):
    process = started(name, stderr=subprocess.PIPE)
    out, errors = process.communicate(timeout=60)
    assert (process.returncode, out) == (0, said), errors


def test_submit_and_worker(tmp_path):
    address = f"unix://{tmp_path}/s"
    with Server("memory:", address):
        assert started("submit.py", address, "f", "n", "hi").communicate(timeout=60)[0] == "submitted n to f\n"
        assert started("worker.py", address, "f").communicate(timeout=60)[0] == "n hi\n"


def test_the_tutorial_runs(tmp_path):
    """Each block of Python in the README is a program, or goes on where the one before it ended."""
    text = (PACKAGE / "README.md").read_text()
    blocks = re.findall(r"```python\n(.*?)```", text, re.S)
    assert len(blocks) >= 8
    program = ""
    for block in blocks:
        program = block if block.startswith("import") or block.startswith("from") else program + block
        compile(program, "README.md", "exec")
    path = tmp_path / "test_readme.py"
    (test,) = [block for block in blocks if "def test_" in block]
    path.write_text(test)
    subprocess.run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", path], check=True, cwd=tmp_path)
    runnable = [block for block in blocks if "# runs by itself" in block]
    assert len(runnable) >= 3
    for block in runnable:
        subprocess.run([sys.executable, "-c", block], check=True, cwd=tmp_path, timeout=60)
