"""What include/periodic.h promises of callbacks, dead pointers, requests that are started, and fork()."""

from __future__ import annotations

import pathlib
import subprocess

import pytest

from conftest import ROOT, under_valgrind
from test_library import build, declared

ADDRESSES = ["tcp://127.0.0.1:0", "unix://{}/s", "inproc:contract"]
SANITIZED = "-fsanitize=address,undefined"


def run(program: pathlib.Path, *arguments: str) -> str:
    result = subprocess.run([program, *arguments], capture_output=True, text=True, timeout=120)
    assert (result.returncode, result.stderr) == (0, "")
    return result.stdout


def freed(shown: str) -> dict[str, int]:
    """How often something was freed in a call."""
    rows = (line.removesuffix(" times").split(": ") for line in shown.splitlines())
    return {name: int(times) for name, times in rows}


def test_everything_can_be_freed_inside_callbacks(prefix, tmp_path):
    """Also with the loop and in the middle of each kind of call; the last of these read from a store."""
    program = build("freed_inside", prefix, SANITIZED)
    times = freed(run(program, str(tmp_path / "store")))
    assert len(times) == 14 * 6 + 2
    assert min(times.values()) >= 1 and times["ping, freeing client"] > 4 and times["walk, freeing cursor"] > 2


def test_what_is_freed_inside_callbacks_is_neither_touched_nor_lost(prefix, tmp_path):
    program = build("freed_inside", prefix)
    assert len(freed(under_valgrind(program, str(tmp_path / "store"), "3"))) == 14 * 6 + 2


@pytest.mark.parametrize("address", ADDRESSES)
def test_every_request_can_be_started_and_its_end_is_told_once(address, prefix, tmp_path):
    run(build("started", prefix, SANITIZED), address.format(tmp_path))


def test_what_is_lent_lies_in_the_programs_memory(prefix):
    run(build("allocator", prefix, SANITIZED))
    under_valgrind(build("allocator", prefix))


def test_a_forked_child_can_do_nothing_with_what_its_parent_made(prefix):
    run(build("forked", prefix))
    source = (ROOT / "Tests/integration/forked.c").read_text()
    exempt = {"version", "version_number", "limits", "features", "set_allocator", "strerror", "errname"}
    assert [name for name in declared() if f"{name}(" not in source and name[9:] not in exempt] == []


@pytest.mark.parametrize(
    ("store", "address", "child"),
    [
        ("memory:", "inproc:first", "unix://{}/child"),
        ("memory:", "unix://{}/first", "tcp://127.0.0.1:0"),
        ("file:{}/store", "unix://{}/first", "inproc:child"),
        ("memory:", "inproc:away first", "inproc:away child"),
        ("memory:", "unix://{}/first", "inproc:away child"),
    ],
)
def test_a_child_is_not_held_up_by_what_a_thread_had_under_way(store, address, child, prefix, tmp_path):
    program = build("first_use", prefix, "-pthread")
    run(program, *(argument.format(tmp_path) for argument in (store, address, child)))


def test_threads_have_loops_of_their_own_and_hand_workers_over(prefix, tmp_path):
    """scripts/thread-check.sh runs the same under the thread sanitizer."""
    run(build("threads", prefix, SANITIZED, "-pthread"), str(tmp_path / "store"))
