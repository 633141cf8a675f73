"""The daemon as a fixture: started for one test, ended with it, its log shown when the test fails."""

from __future__ import annotations

import os
import pathlib
import signal
import socket
import subprocess
import tempfile

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ.get("PERIODIC", ROOT / ".build/debug/periodic-cli"))
LIBRARY = pathlib.Path(os.environ.get("LIBPERIODIC_SO", ROOT / ".build-library/release/libperiodic.so"))


def install(script: str = "install", **where: str) -> None:
    """Runs scripts/install.sh, or uninstall.sh, for the builds that are tested."""
    builds = {"PERIODIC": str(BINARY), "LIBPERIODIC_SO": str(LIBRARY)}
    environment = os.environ | builds | {"DESTDIR": ""} | where
    environment.pop("SHELL", None)
    subprocess.run([ROOT / f"scripts/{script}.sh"], env=environment, check=True, timeout=300)


@pytest.fixture(scope="session")
def prefix(tmp_path_factory) -> pathlib.Path:
    """Where everything is installed as `make install` does it."""
    prefix = tmp_path_factory.mktemp("prefix")
    install(PREFIX=str(prefix))
    return prefix


def flags(prefix: pathlib.Path, *packages: str) -> list[str]:
    """What a compiler must be told to use the library from there, and to find it when it runs."""
    command = ["pkg-config", "--cflags", "--libs", "periodic", *packages]
    environment = dict(os.environ, PKG_CONFIG_PATH=str(prefix / "lib/pkgconfig"))
    said = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return [*said.stdout.split(), f"-Wl,-rpath,{prefix}/lib"]


# A program under this may neither touch what is not its own nor lose memory. What the Swift run time
# keeps for ever is reached by marked pointers, which valgrind takes for possibly lost: only what is
# definitely lost counts.
VALGRIND = ["valgrind", "--quiet", "--leak-check=full", "--error-exitcode=99"]
VALGRIND += [f"--{kind}-leak-kinds=definite,indirect" for kind in ("errors-for", "show")]


def under_valgrind(program: pathlib.Path, *arguments: str) -> str:
    """What a program prints."""
    command = [*VALGRIND, program, *arguments]
    run = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert (run.returncode, run.stderr) == (0, ""), run.stdout + run.stderr
    return run.stdout


class Daemon:
    """One `periodic -d` on a Unix socket and a TCP port of its own."""

    def __init__(self, directory: pathlib.Path, store: str = "memory:", *options: str, wrap=None):
        self.directory = directory
        # Socket paths are at most 107 bytes, pytest's directories can be longer.
        self.short = tempfile.TemporaryDirectory(prefix="periodic-")
        self.unix = f"unix://{self.short.name}/s"
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.tcp = f"tcp://127.0.0.1:{self.port}"
        self.store = store
        self.options = list(options)
        self.environment = dict(os.environ, **(wrap or {}))
        self.process: subprocess.Popen[bytes] | None = None
        self.log = directory / "daemon.log"

    def start(self) -> "Daemon":
        command = [str(BINARY), "-d", "-H", self.unix, "-H", self.tcp, "--store", self.store]
        self.process = subprocess.Popen(
            command + self.options,
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            env=self.environment,
        )
        with self.log.open("ab", buffering=0) as log:
            assert self.process.stderr is not None
            for line in self.process.stderr:
                log.write(line)
                if b"ready" in line:
                    break
            else:
                raise RuntimeError(f"the daemon ended: {self.log.read_text()}")
        self._drain()
        return self

    def _drain(self) -> None:
        """Keeps taking the daemon's log, so that it never waits for a reader."""
        import threading

        source = self.process.stderr

        def copy() -> None:
            with self.log.open("ab", buffering=0) as log:
                for line in source:
                    log.write(line)

        threading.Thread(target=copy, daemon=True).start()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """A graceful end; the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=30)

    def resident(self) -> int:
        """Resident memory in bytes."""
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        raise AssertionError("no VmRSS")

    def close(self) -> None:
        if self.process and self.process.poll() is None:
            self.kill()
        self.short.cleanup()


@pytest.fixture
def make_daemon(tmp_path, request):
    """Makes daemons that end with the test."""
    made: list[Daemon] = []

    def make(store: str = "memory:", *options: str, **more) -> Daemon:
        directory = tmp_path / str(len(made))
        directory.mkdir()
        made.append(Daemon(directory, store, *options, **more))
        return made[-1]

    yield make
    for daemon in made:
        daemon.close()


@pytest.fixture
def daemon(make_daemon):
    """A daemon with the memory store."""
    return make_daemon().start()
