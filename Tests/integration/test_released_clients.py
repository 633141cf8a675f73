"""Clients of the ecosystem as PyPI has them, each in an environment of its own, unchanged."""

from __future__ import annotations

import os
import pathlib
import subprocess

import pytest

HERE = pathlib.Path(__file__).parent
ENVIRONMENTS = pathlib.Path(os.environ.get("PERIODIC_VENVS", HERE.parents[1] / ".build/venvs"))


@pytest.mark.parametrize("transport", ["unix", "tcp"])
@pytest.mark.parametrize(
    "version, script",
    [("1.0.0", "aio_1_0.py"), ("0.2.8", "aio_0_2.py"), ("0.1.6", "aio_0_1.py")],
)
def test_a_released_client_submits_grabs_and_ends(daemon, version, script, transport):
    python = ENVIRONMENTS / f"aio-periodic-{version}/bin/python"
    address = getattr(daemon, transport)
    run = subprocess.run(
        [python, HERE / "released" / script, address], capture_output=True, text=True, timeout=60
    )
    assert run.returncode == 0 and run.stdout.endswith("ok\n"), run.stdout + run.stderr
