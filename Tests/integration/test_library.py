"""libperiodic.so and its header as a C program meets them."""

from __future__ import annotations

import functools
import pathlib
import re
import subprocess
import tempfile

import pytest

from conftest import LIBRARY, ROOT, VALGRIND, flags, under_valgrind
from wire import ASSIGN, CAN_DO, DONE, GRAB, SUCCESS, WORK_DATA, WORKER, Peer2, str8

HEADER = ROOT / "include/periodic.h"


def declared() -> set[str]:
    text = re.sub(r"/\*.*?\*/", "", HEADER.read_text(), flags=re.S)
    return set(re.findall(r"PERIODIC_API [^;]*?\b(periodic_\w+)\(", text))


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
@pytest.mark.parametrize("language, standard", [("c", "c99"), ("c", "c11"), ("c++", "c++11"), ("c++", "c++20")])
def test_the_header_compiles_alone(compiler, language, standard):
    options = ["-pedantic", "-Wall", "-Wextra", "-Werror", "-fsyntax-only"]
    subprocess.run([compiler, f"-std={standard}", *options, "-x", language, HEADER], check=True)


def test_the_exports_are_the_headers_functions():
    symbols = subprocess.run(
        ["nm", "-D", "--defined-only", LIBRARY], capture_output=True, text=True, check=True
    ).stdout
    exported = {line.split()[2].split("@")[0] for line in symbols.splitlines()}
    assert exported == declared()
    named = set(re.findall(r"^    (\w+);", (ROOT / "periodic.map").read_text(), flags=re.M))
    assert named == declared()


def test_every_function_says_who_may_call_it_and_since_when():
    described = re.findall(r"/\*((?:[^*]|\*(?!/))*)\*/\n(?=PERIODIC_API)", HEADER.read_text())
    functions = re.findall(r"(?:^PERIODIC_API [^;]*;\n)+", HEADER.read_text(), flags=re.M)
    assert len(described) == len(functions) > 0
    for comment, declarations in zip(described, functions):
        assert re.search(r"Threads: [^.]*\. Since: 0\.\d\.", comment), declarations


# A C library, its parts and its loader, the C++ run time that Swift's needs, and three of Debian's libraries.
NEEDED = {"libuv", "libsqlite3", "libjansson", "libc", "ld-linux-x86-64", "libm", "libstdc++", "libgcc_s"}


def test_the_library_needs_little(prefix):
    dynamic = subprocess.run(["readelf", "-d", LIBRARY], capture_output=True, text=True, check=True).stdout
    needed = re.findall(r"\(NEEDED\).*\[(.*?)\.so[.\d]*\]", dynamic)
    assert set(needed) <= NEEDED and {"libuv", "libsqlite3", "libjansson", "libc"} <= set(needed)
    assert "[libperiodic.so.0]" in dynamic
    found = subprocess.run(["ldd", LIBRARY], capture_output=True, text=True, check=True).stdout
    assert "swift" not in found and "not found" not in found


def test_the_library_is_small(prefix):
    """As it is installed, without its symbols for debuggers."""
    assert (prefix / "lib/libperiodic.so").stat().st_size <= 8_000_000


@pytest.fixture(scope="session")
def examples(prefix, tmp_path_factory) -> pathlib.Path:
    """The examples, built with what pkg-config says of an installed library; loop_*.c: test_adapters.py."""
    directory = tmp_path_factory.mktemp("examples")
    warnings = ["-D_POSIX_C_SOURCE=200809L", "-Wall", "-Wextra", "-pedantic", "-Werror", "-g"]
    for source in sorted((ROOT / "examples/c").glob("*.c*")):
        if not source.name.startswith("loop_"):
            compiler = ["gcc", "-std=c99"] if source.suffix == ".c" else ["g++", "-std=c++11"]
            command = [*compiler, *warnings, "-o", directory / source.stem, source, *flags(prefix)]
            subprocess.run(command, check=True)
    return directory


def test_an_example_is_read_in_a_minute():
    """Under 80 lines each, with words on what it is."""
    for source in (ROOT / "examples/c").iterdir():
        lines = source.read_text().splitlines()
        assert len(lines) < 80 and lines[0].startswith(("/* ", "// ")), source


def test_server_client_and_worker_live_in_one_c_program_of_60_lines(examples):
    assert under_valgrind(examples / "embedded") == "HELLO, WORLD\n"
    assert len((ROOT / "examples/c/embedded.c").read_text().splitlines()) <= 60


def test_a_c_program_works_in_batches(examples):
    assert "332833500" in under_valgrind(examples / "batches")


def test_every_example_is_run(examples):
    """Each program under valgrind: here by its name, those of hosts' loops in test_adapters.py."""
    tests = (ROOT / "Tests/integration/test_library.py").read_text()
    for program in examples.iterdir():
        assert re.search(rf'(under_valgrind\(|VALGRIND, )examples / "{program.name}"', tests), program
    loops = {source.stem.removeprefix("loop_") for source in (ROOT / "examples/c").glob("loop_*.c")}
    assert loops == {"epoll", "uv", "glib", "event"}


def test_a_cpp_program_owns_what_it_makes(examples):
    assert under_valgrind(examples / "cplusplus") == "hello, world\n"


def test_a_job_runs_after_a_delay_and_again(daemon, examples):
    shown = under_valgrind(examples / "every", daemon.unix, "1", "3")
    assert shown == "run 1, in time\nrun 2, in time\nrun 3, in time\n"


def test_c_programs_talk_to_the_daemon(daemon, examples):
    under_valgrind(examples / "submit", daemon.unix, "f", "job", "hello")
    shown = under_valgrind(examples / "worker", daemon.tcp, "f", "2")
    assert shown == "job (hello), run 1\njob (hello), run 2\n"


def test_a_c_program_is_told_what_went_wrong(examples, tmp_path):
    result = subprocess.run(
        [examples / "submit", f"unix://{tmp_path}/none", "f", "n"], capture_output=True, text=True
    )
    assert result.returncode == 1 and "no such file" in result.stderr


def test_a_c_program_runs_a_job_and_prints_what_comes_of_it(daemon, examples):
    """PROTOCOL 2.5: the pieces, their end, then the result."""
    with Peer2(daemon.unix, role=WORKER) as worker:
        assert worker.ask(CAN_DO, str8(b"f"))[0] == SUCCESS
        command = [*VALGRIND, examples / "run", daemon.tcp, "f", "job", "hello"]
        program = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        worker.send(GRAB)
        while worker.receive()[1] != ASSIGN:
            pass
        handle = str8(b"f") + str8(b"job")
        for piece in (b"one", b"two"):
            worker.send(WORK_DATA, handle + piece)
        worker.send(DONE, handle + b"three")
        shown, _ = program.communicate(timeout=30)
    assert program.returncode == 0
    assert shown == "part: one\npart: two\nresult: three\n"


def test_a_c_program_is_told_that_nobody_can_do_it(daemon, examples):
    result = subprocess.run(
        [examples / "run", daemon.unix, "nobody", "n"], capture_output=True, text=True, timeout=30
    )
    assert result.returncode == 1 and "nobody can do the function" in result.stderr


@functools.cache
def build(name: str, prefix: pathlib.Path, *options: str) -> pathlib.Path:
    """A program of this directory, built once for all tests that want it with these options."""
    program = pathlib.Path(tempfile.mkdtemp(prefix=f"{name}-", dir=prefix.parent)) / name
    warnings = ["-std=gnu99", "-Wall", "-Wextra", "-Werror", "-g", *options]
    source = ROOT / f"Tests/integration/{name}.c"
    subprocess.run(["gcc", *warnings, "-o", program, source, *flags(prefix)], check=True)
    return program


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:0", "unix://{}/s", "inproc:every call"])
def test_every_call_is_as_the_header_says(address, prefix, tmp_path):
    """Under the address sanitizer, which also sees what is lent for too short, and what leaks."""
    program = build("every_call", prefix, "-fsanitize=address,undefined")
    command = [program, address.format(tmp_path)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (result.returncode, result.stderr) == (0, "")


def test_a_callback_may_take_away_what_a_call_waits_for(prefix):
    program = build("reentry", prefix, "-fsanitize=address,undefined")
    result = subprocess.run([program], capture_output=True, text=True, timeout=60)
    assert (result.returncode, result.stderr) == (0, "")


def test_a_year_in_virtual_time_is_the_same_in_every_process(prefix):
    """Bit for bit, with jobs that fail and come again, and a server that goes for a day."""
    program = build("repeatable", prefix)

    def year(seed: int) -> str:
        command = [program, str(seed), "2000"]
        result = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert (result.returncode, result.stderr) == (0, "")
        return result.stdout

    first = year(1)
    assert first == year(1)
    assert first != year(2)
    assert first.count(" done job") == 2000
    assert int(first.splitlines()[-1].split()[0]) > 300 * 86_400_000


def test_one_thread_is_enough_and_every_kind_of_address_gives_the_same_outcomes(prefix, tmp_path):
    program = build("one_process", prefix)
    shown = {}
    for address in ("inproc:here", f"unix://{tmp_path}/s", "tcp://127.0.0.1:0"):
        result = subprocess.run([program, address], capture_output=True, text=True, timeout=30)
        assert result.returncode == 0, result.stdout + result.stderr
        assert result.stderr.startswith("threads 1, ")
        shown[address] = result.stdout
        if address == "inproc:here":
            # None for a connection; the one is the loop's, for what comes from other loops.
            assert result.stderr == "threads 1, descriptors 1\n"
    assert len(set(shown.values())) == 1, shown
    assert "listen again: EADDRINUSE" in shown["inproc:here"]
    assert "job j1 (w1), run 1\ndone: OK" in shown["inproc:here"]
    assert "result: OK\nr\n" in shown["inproc:here"]
    assert "ping: ETIMEDOUT\nfree: OK" in shown["inproc:here"]
