"""libperiodic.so and its header as a C program meets them."""

from __future__ import annotations

import os
import pathlib
import re
import subprocess

import pytest

from conftest import ROOT
from wire import ASSIGN, CAN_DO, DONE, GRAB, SUCCESS, WORK_DATA, WORKER, Peer2, str8

LIBRARY = pathlib.Path(os.environ.get("LIBPERIODIC_SO", ROOT / ".build-library/release/libperiodic.so"))
HEADER = ROOT / "include/periodic.h"


def declared() -> set[str]:
    text = re.sub(r"/\*.*?\*/", "", HEADER.read_text(), flags=re.S)
    return set(re.findall(r"PERIODIC_API [^;]*?\b(periodic_\w+)\(", text))


@pytest.mark.parametrize(
    "compiler, language, standard", [("gcc", "c", "c99"), ("gcc", "c", "c11"), ("g++", "c++", "c++11")]
)
def test_the_header_compiles_alone(compiler, language, standard):
    flags = ["-pedantic", "-Wall", "-Wextra", "-Werror", "-fsyntax-only"]
    subprocess.run([compiler, f"-std={standard}", *flags, "-x", language, HEADER], check=True)


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


def test_no_swift_run_time_is_needed():
    needed = subprocess.run(["ldd", LIBRARY], capture_output=True, text=True, check=True).stdout
    assert "swift" not in needed and "not found" not in needed
    dynamic = subprocess.run(["readelf", "-d", LIBRARY], capture_output=True, text=True).stdout
    assert "libperiodic.so.0" in dynamic and "NODELETE" in dynamic


@pytest.fixture(scope="session")
def examples(tmp_path_factory) -> pathlib.Path:
    """The C examples, built by plain gcc with what pkg-config says of an installed library."""
    root = tmp_path_factory.mktemp("prefix")
    (root / "lib/pkgconfig").mkdir(parents=True)
    (root / "include").mkdir()
    (root / "lib/libperiodic.so.0").symlink_to(LIBRARY.resolve())
    (root / "lib/libperiodic.so").symlink_to("libperiodic.so.0")
    (root / "include/periodic.h").symlink_to(HEADER)
    template = (ROOT / "bindings/c/periodic.pc.in").read_text()
    description = template.replace("@PREFIX@", str(root)).replace("@VERSION@", "0.1.0")
    (root / "lib/pkgconfig/periodic.pc").write_text(description)
    environment = dict(os.environ, PKG_CONFIG_PATH=str(root / "lib/pkgconfig"))
    flags = subprocess.run(
        ["pkg-config", "--cflags", "--libs", "periodic"],
        capture_output=True, text=True, check=True, env=environment,
    ).stdout.split()
    for source in sorted((ROOT / "examples/c").glob("*.c")):
        warnings = ["-Wall", "-Wextra", "-Werror"]
        command = ["gcc", *warnings, "-o", root / source.stem, source, *flags]
        subprocess.run([*command, f"-Wl,-rpath,{root}/lib"], check=True)
    return root


def run(program: pathlib.Path, *arguments: str) -> str:
    result = subprocess.run(
        [program, *arguments], capture_output=True, text=True, timeout=30
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def test_server_client_and_worker_live_in_one_c_program(examples):
    assert "332833500" in run(examples / "embedded")


def test_c_programs_talk_to_the_daemon(daemon, examples):
    run(examples / "submit", daemon.unix, "f", "job", "hello")
    shown = run(examples / "worker", daemon.tcp, "f", "2")
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
        command = [examples / "run", daemon.tcp, "f", "job", "hello"]
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


def build(name: str, examples: pathlib.Path, folder: pathlib.Path, *flags: str) -> pathlib.Path:
    program = folder / name
    warnings = ["-std=gnu99", "-Wall", "-Wextra", "-Werror", "-g", *flags]
    source = ROOT / f"Tests/integration/{name}.c"
    library = [f"-I{ROOT}/include", f"-L{examples}/lib", "-lperiodic", f"-Wl,-rpath,{examples}/lib"]
    subprocess.run(["gcc", *warnings, "-o", program, source, *library], check=True)
    return program


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:0", "unix://{}/s", "inproc:every call"])
def test_every_call_is_as_the_header_says(address, examples, tmp_path):
    """Under the address sanitizer, which also sees what is lent for too short, and what leaks."""
    program = build("every_call", examples, tmp_path, "-fsanitize=address,undefined")
    command = [program, address.format(tmp_path)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (result.returncode, result.stderr) == (0, "")


def test_a_year_in_virtual_time_is_the_same_in_every_process(examples, tmp_path):
    """Bit for bit, with jobs that fail and come again, and a server that goes for a day."""
    program = build("repeatable", examples, tmp_path)

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


def test_one_thread_is_enough_and_every_kind_of_address_gives_the_same_outcomes(examples, tmp_path):
    program = build("one_process", examples, tmp_path)
    shown = {}
    for address in ("inproc:here", f"unix://{tmp_path}/s", "tcp://127.0.0.1:0"):
        result = subprocess.run([program, address], capture_output=True, text=True, timeout=30)
        assert result.returncode == 0, result.stdout + result.stderr
        assert result.stderr.startswith("threads 1, ")
        shown[address] = result.stdout
        if address == "inproc:here":
            assert result.stderr == "threads 1, descriptors 0\n"
    assert len(set(shown.values())) == 1, shown
    assert "listen again: EADDRINUSE" in shown["inproc:here"]
    assert "job j1 (w1), run 1\ndone: OK" in shown["inproc:here"]
    assert "result: OK\nr\n" in shown["inproc:here"]
    assert "ping: ETIMEDOUT\nfree: OK" in shown["inproc:here"]
