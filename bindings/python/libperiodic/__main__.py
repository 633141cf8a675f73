"""The command line: `python -m libperiodic worker app:worker`."""

from __future__ import annotations

import argparse
import asyncio
import importlib
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Any

from . import AsyncWorker, Worker, __version__

# How often --reload looks at the files, and how long it lets a worker finish.
_LOOK = 0.3
_PATIENCE = 30.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Does what the command line says; the exit status."""
    options = _parser().parse_args(arguments)
    if options.reload:
        return _reload(options.app_dir, list(arguments or sys.argv[1:]))
    logging.basicConfig(
        level=options.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    sys.path.insert(0, options.app_dir)
    worker = load(options.worker)
    if options.server is not None:
        worker.server = options.server
    logging.getLogger("libperiodic.worker").info(
        "takes %s from %s", ", ".join(_names(worker)) or "nothing", worker.server
    )
    if isinstance(worker, AsyncWorker):
        asyncio.run(worker.run())
    else:
        worker.run()
    return 0


def load(name: str) -> Worker | AsyncWorker:
    """The worker that "module:attribute" names."""
    module, _, attribute = name.partition(":")
    found: Any = importlib.import_module(module)
    for part in (attribute or "worker").split("."):
        try:
            found = getattr(found, part)
        except AttributeError:
            raise SystemExit(f"{module} has no {attribute or 'worker'}") from None
    if not isinstance(found, (Worker, AsyncWorker)):
        raise SystemExit(f"{name} is a {type(found).__name__}, not a Worker or AsyncWorker")
    return found


def _names(worker: Worker | AsyncWorker) -> list[str]:
    return [name.decode(errors="replace") for name in worker._handlers]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m libperiodic", description=__doc__)
    parser.add_argument("--version", action="version", version=f"libperiodic {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    worker = commands.add_parser("worker", help="run a worker of a program")
    worker.add_argument("worker", metavar="MODULE:NAME", help="such as app:worker")
    worker.add_argument("--server", metavar="ADDRESS", help="instead of the worker's own")
    worker.add_argument("--app-dir", default=".", metavar="DIR", help="where modules are looked for")
    worker.add_argument(
        "--log-level", default="info", choices=["debug", "info", "warning", "error"]
    )
    worker.add_argument(
        "--reload", action="store_true", help="start anew when a Python file below DIR changes"
    )
    return parser


def _reload(directory: str, arguments: list[str]) -> int:
    """Keeps a worker running, and starts it anew when a file has changed."""
    command = [sys.executable, "-m", "libperiodic", *(one for one in arguments if one != "--reload")]
    is_over = False

    def stop(number: int, _: object) -> None:
        nonlocal is_over
        is_over = True

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    while not is_over:
        before = _changes(directory)
        # Not in this group: a Ctrl-C reaches it once, through here.
        worker = subprocess.Popen(command, start_new_session=True)
        while not is_over and _changes(directory) == before:
            time.sleep(_LOOK)
            if worker.poll() is not None and worker.returncode == 0:
                return 0
        if not is_over:
            print("a file has changed: starting anew", file=sys.stderr, flush=True)
        _end(worker)
    return 0


def _end(worker: subprocess.Popen[bytes]) -> None:
    if worker.poll() is None:
        worker.terminate()
    try:
        worker.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        worker.kill()
        worker.wait()


def _changes(directory: str) -> dict[str, int]:
    """When each Python file below a directory was written."""
    return dict(_files(directory))


def _files(directory: str) -> Iterator[tuple[str, int]]:
    for place, folders, files in os.walk(directory):
        folders[:] = [name for name in folders if not name.startswith((".", "__"))]
        for name in files:
            if name.endswith(".py"):
                path = os.path.join(place, name)
                try:
                    yield path, os.stat(path).st_mtime_ns
                except OSError:
                    continue


if __name__ == "__main__":
    sys.exit(main())
