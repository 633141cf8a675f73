"""The header-only adapters of bindings/c: they compile alone, and a loop works inside each host's loop."""

from __future__ import annotations

import pathlib
import re
import shutil
import subprocess

import pytest

from conftest import ROOT, flags, under_valgrind

# The host's pkg-config package, where it has one.
HOSTS = {"poll": [], "uv": ["libuv"], "glib": ["glib-2.0"], "event": ["libevent_core"]}
# epoll(7) has the header of poll(2).
DRIVERS = {**HOSTS, "epoll": []}
STRICT = ["-D_POSIX_C_SOURCE=200809L", "-Wall", "-Wextra", "-pedantic", "-Werror"]


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
@pytest.mark.parametrize("language, standard", [("c", "c99"), ("c", "c11"), ("c++", "c++11"), ("c++", "c++20")])
@pytest.mark.parametrize("host", HOSTS)
def test_an_adapter_compiles_alone(prefix, tmp_path, host, language, standard, compiler):
    if shutil.which(compiler) is None:
        pytest.skip(f"no {compiler}")
    source = tmp_path / "alone.c"
    source.write_text(f"#include <periodic/periodic_{host}.h>\n")
    options = [f"-std={standard}", *STRICT, "-fsyntax-only", "-x", language]
    # Only our own headers are held to these warnings.
    include = [re.sub(f"^-I(?!{prefix})", "-isystem", flag) for flag in flags(prefix, *HOSTS[host])]
    include = [flag for flag in include if not flag.startswith(("-l", "-L", "-Wl"))]
    subprocess.run([compiler, *options, source, *include], check=True)


@pytest.mark.parametrize("host", HOSTS)
def test_the_step_is_called_in_one_place(host):
    text = (ROOT / f"bindings/c/periodic_{host}.h").read_text()
    assert len(re.findall(r"\bperiodic_loop_step\(", text)) == 1


def built(name: str, prefix, directory) -> dict[str, pathlib.Path]:
    """A program of this directory, once for each host."""
    programs = {}
    for host, packages in DRIVERS.items():
        programs[host] = directory / f"{name}-{host}"
        options = ["-std=c99", *STRICT, f"-DHOST_{host}", "-g", "-fsanitize=address,undefined"]
        source = ROOT / f"Tests/integration/{name}.c"
        command = ["gcc", *options, "-o", programs[host], source, *flags(prefix, *packages), "-pthread"]
        subprocess.run(command, check=True)
    return programs


@pytest.fixture(scope="module")
def driven(prefix, tmp_path_factory) -> dict[str, subprocess.CompletedProcess[str]]:
    """What adapters.c says for each host: jobs, a timer of the loop, calls between turns, a failing step."""
    programs = built("adapters", prefix, tmp_path_factory.mktemp("adapters"))
    return {
        host: subprocess.run([program], capture_output=True, text=True, timeout=60)
        for host, program in programs.items()
    }


@pytest.mark.parametrize("host", DRIVERS)
def test_a_loop_is_driven_detached_and_attached_again(driven, host):
    assert (driven[host].returncode, driven[host].stderr) == (0, "")


@pytest.mark.parametrize("host", DRIVERS)
def test_a_host_sleeps_while_nothing_comes(driven, host):
    assert int(driven[host].stdout.split(": ")[1]) < 50


STORY = """\
listen: OK, OK, same name EADDRINUSE
first: a is asked
second: a is worked on
first: a comes later
a: OK, [failed]
first: b is asked
second: b is worked on
b: OK, [b!]
first: c is asked
second: c is worked on
c: OK, [c!]
nobody: ENOWORKER
silence: ETIMEDOUT
jobs: 0 and 0
threads: 1
"""


def test_two_servers_on_one_loop_are_the_same_in_every_hosts_loop(prefix, tmp_path):
    """A worker of the first server is a client of the second; a run that is put off is over for who waits."""
    for host, program in built("two_servers", prefix, tmp_path).items():
        run = subprocess.run([program, tmp_path / "s"], capture_output=True, text=True, timeout=60)
        assert (run.returncode, run.stdout, run.stderr) == (0, STORY, ""), host


@pytest.mark.parametrize("host", HOSTS)
def test_an_example_does_its_work_in_the_hosts_loop(prefix, tmp_path, host):
    """The same program in each: its output does not tell them apart."""
    name = "epoll" if host == "poll" else host
    program = tmp_path / name
    source = ROOT / f"examples/c/loop_{name}.c"
    subprocess.run(
        ["gcc", "-std=c99", *STRICT, "-o", program, source, *flags(prefix, *HOSTS[host])], check=True
    )
    shown = under_valgrind(program)
    assert shown == "".join(f"the square of {number} is {number**2}\n" for number in (1, 2, 3))
