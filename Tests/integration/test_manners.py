"""What a library may not do to the program that it is in, each watched by a C program."""

from __future__ import annotations

import os
import subprocess

from conftest import LIBRARY, ROOT
from test_library import build


def run(program, *arguments, **environment: str) -> tuple[int, str, str]:
    said = subprocess.run(
        [program, *arguments], capture_output=True, text=True, timeout=60, env=os.environ | environment
    )
    return said.returncode, said.stdout, said.stderr


def test_nothing_of_the_whole_process_is_touched(prefix, tmp_path):
    """Signal handlers, SIGPIPE, masks of own threads, umask, locale, output, descriptors, threads."""
    program = build("manners", prefix, "-rdynamic", "-ldl")
    assert run(program, tmp_path) == (0, "", "ok\n")


def test_the_run_time_inside_handles_no_crash_of_the_host(prefix, tmp_path):
    """Not even where it finds the program that it would show crashes with."""
    reporter = tmp_path / "swift/libexec/swift/linux/swift-backtrace"
    reporter.parent.mkdir(parents=True)
    reporter.write_text("#!/bin/sh\n")
    reporter.chmod(0o755)
    program = build("manners", prefix, "-rdynamic", "-ldl")
    assert run(program, tmp_path, SWIFT_ROOT=str(tmp_path / "swift")) == (0, "", "ok\n")


def test_nothing_waits_longer_than_asked_and_a_step_does_no_more(prefix, tmp_path):
    """The program is the clock: each wait is known to the millisecond, and no time passes."""
    program = build("bounded", prefix, "-rdynamic")
    assert run(program, tmp_path) == (0, "", "")


def test_a_host_may_close_the_library_whenever_it_likes(tmp_path):
    """It stays in the process, because the run time in it cannot go; the header says so."""
    program = tmp_path / "reload"
    command = ["gcc", "-std=gnu99", "-Wall", "-Werror", f"-I{ROOT}/include", "-o", program]
    subprocess.run([*command, ROOT / "Tests/integration/reload.c", "-ldl"], check=True)
    assert run(program, LIBRARY, f"file:{tmp_path}/jobs") == (0, "", "")
    dynamic = subprocess.run(["readelf", "-d", LIBRARY], capture_output=True, text=True, check=True).stdout
    assert "NODELETE" in dynamic


def test_nothing_is_left_after_the_last_free(prefix, tmp_path):
    """One thread, one story at each kind of address, under the leak sanitizer."""
    program = build("one_process", prefix, "-fsanitize=address,leak,undefined")
    for address in ("inproc:here", f"unix://{tmp_path}/s", "tcp://127.0.0.1:0"):
        code, _, errors = run(program, address)
        assert code == 0 and errors.startswith("threads 1, "), errors
