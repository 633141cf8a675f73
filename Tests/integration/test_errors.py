"""docs/errors.md lists what each function of the C API returns, and when; the program misuse.c sees it so."""

from __future__ import annotations

import os
import pathlib
import re
import subprocess

import pytest

import misuse
from conftest import ROOT, flags
from misuse import OBJECT, named

# misuse.py has put scripts on the path.
import error_list
from periodic_header import Function, Header

LISTED = error_list.errors()
HEADER = Header()
FUNCTIONS = {function.name: function for function in HEADER.functions}
THREADS = {
    function.name: re.search(r"Threads: ([^.]*)\.", entry.comment)[1]
    for entry in HEADER.entries
    for function in entry.functions
}
SIZED = {struct.name for struct in HEADER.structs if ("size_t", "size") in struct.fields}
# A pointer that is the program's own.
OPAQUE = {"void *user"}


def test_the_list_has_the_headers_functions_in_their_order():
    assert list(LISTED) == list(FUNCTIONS)


# What a comment says of later answers, of other functions.
ELSEWHERE = {
    "periodic_server_new": {"EREFUSED"},
    "periodic_client_free": {"ECANCELED"},
    "periodic_request_free": {"ECANCELED"},
    "periodic_client_start_receive_data": {"ENOWORKER"},
    "periodic_job_start_acquire": {"EBUSY", "ESTALE", "ETIMEDOUT", "ECANCELED"},
    "periodic_job_function": {"EINVAL"},
    "periodic_job_name": {"EINVAL"},
    "periodic_job_workload": {"EINVAL"},
}


def test_a_code_that_the_header_names_for_a_function_is_in_its_list():
    for entry in HEADER.entries:
        for function in entry.functions:
            told = set(re.findall(r"PERIODIC_(E[A-Z]+)\b", entry.comment)) - ELSEWHERE.get(function.name, set())
            assert told <= {row.code for row in LISTED[function.name]} | {"ETHREAD", "EFORK", "EDEADLK"}, function.name


def test_every_code_is_one_and_is_listed():
    codes = {name for name, _, _ in HEADER.errors}
    listed = {row.code for rows in LISTED.values() for row in rows if row.code.startswith("E")}
    assert listed == codes


def test_no_row_stands_twice():
    for name, rows in LISTED.items():
        ways = [(row.place, tuple(row.before), tuple(row.assignments)) for row in rows if row.place]
        assert len(ways) == len(set(ways)), name


def misuses(function: Function) -> set[str]:
    """What the list must have a row for: places, "P = NULL", sizes that are 0 and too large, times below -1."""
    needed = {"fork"}
    if "owner thread" == THREADS[function.name]:
        needed |= {"thread", "callback", "clock"}
    for parameter in function.parameters:
        name, kind = named(parameter), re.sub(r"const |\w+$", "", parameter)
        if ("*" in kind or kind.endswith("_cb ")) and parameter not in OPAQUE:
            needed.add(f"{name} = NULL")
        if kind == "size_t ":
            needed |= {f"{name} = 0", f"{name} = SIZE_MAX"}
        if name == "timeout_ms":
            needed.add(f"{name} = -2")
        if kind.strip(" *") in SIZED:
            needed |= {f"{name}->size = 0", f"{name}->size += 8", f"{name}->size = SIZE_MAX"}
        if (found := OBJECT.fullmatch(parameter)) and found[2] == "*":
            needed.add(f"{name} = dead.{found[1]}")
            needed |= {"server": {"after stop"}, "worker": {"after drain"}, "job": {"after stop"}}.get(found[1], set())
            if found[1] == "client" and "start_" not in function.name:
                needed.add("after stop")
    return needed


def seen(row: error_list.Row) -> set[str]:
    before = {f"after {verb}" for verb in ("stop", "drain") for each in row.before if f"_{verb}(" in each}
    return {row.place, *row.assignments} | before


@pytest.mark.parametrize("name", FUNCTIONS)
def test_no_function_is_without_its_kinds_of_misuse(name):
    """NULL, freed, zero, too large, after close, on another thread, in a forked child, in a callback, in the clock."""
    provoked = set().union(*(seen(row) for row in LISTED[name]))
    assert misuses(FUNCTIONS[name]) <= provoked, misuses(FUNCTIONS[name]) - provoked


@pytest.fixture(scope="module")
def built(prefix) -> list[str]:
    """The compiler, and what it must be told. LIBPERIODIC_ASAN: a library built with clang's address sanitizer."""
    if library := os.environ.get("LIBPERIODIC_ASAN"):
        folder = pathlib.Path(library).parent
        return ["clang", "-fsanitize=address", "-fuse-ld=lld", f"-I{ROOT}/include", f"-L{folder}", "-lperiodic"]
    return ["gcc", "-fsanitize=address,undefined", *flags(prefix)]


def run(built: list[str], folder: pathlib.Path, text: str | None = None) -> subprocess.CompletedProcess[str]:
    (folder / "misuse_rows.h").write_text(misuse.program(text))
    first, *options = built
    unused = ["-Wno-unused-function"]  # a list need not use all of the fixture
    warnings = ["-std=gnu99", "-Wall", "-Wextra", "-Werror", *unused]
    files = [f"-I{folder}", "-o", folder / "misuse", ROOT / "Tests/integration/misuse.c"]
    subprocess.run([first, *warnings, "-g", *files, *options, "-lpthread"], check=True, timeout=120)
    environment = dict(os.environ)
    if library := os.environ.get("LIBPERIODIC_ASAN"):
        link = folder / "libperiodic.so.0"
        link.unlink(missing_ok=True)
        link.symlink_to(pathlib.Path(library).resolve())
        environment["LD_LIBRARY_PATH"] = str(folder)
    return subprocess.run([folder / "misuse"], capture_output=True, text=True, timeout=300, env=environment)


def test_every_misuse_is_answered_with_its_code(built, tmp_path):
    """Under the address sanitizer, with nothing that is not freed at the end."""
    result = run(built, tmp_path)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == f"{len(misuse.rows())} rows\n"


# One row for each place where a call is made: its code, a wrong one, and the rest of the row.
WRONG = [
    ("EINVAL", "ELIMIT", "`max` is below -1"),
    ("ETHREAD", "0", "on another thread than the owner"),
    ("EFORK", "EINVAL", "in a child made by fork()"),
    ("EDEADLK", "EBUSY", "in a callback"),
    ("EDEADLK", "0", "in the loop's source of random numbers"),
    ("n", "0", "how many are in `jobs`"),
]


def test_a_wrong_row_is_seen(built, tmp_path):
    text = error_list.FILE.read_text()
    for right, wrong, when in WRONG:
        assert f"| `{right}` | {when} |" in text
        text = text.replace(f"| `{right}` | {when} |", f"| `{wrong}` | {when} |", 1)
    # That the right rows pass is seen above: of them every twentieth is enough here.
    changed = tuple(f"| `{wrong}` | {when} |" for _, wrong, when in WRONG)
    kept = [
        line
        for number, line in enumerate(text.split("\n"))
        if not line.startswith("| `") or line.startswith(changed) or number % 20 == 0
    ]
    result = run(built, tmp_path, "\n".join(kept))
    assert result.returncode == 1
    for _, wrong, when in WRONG:
        assert f"{wrong}: {when}: returned" in result.stderr
    assert result.stderr.count(": returned") == len(WRONG)


def test_a_list_that_is_not_understood_is_not_passed_over():
    text = error_list.FILE.read_text()
    with pytest.raises(SystemExit, match="not understood"):
        error_list.errors(text.replace("| thread |", "| another thread |", 1))
