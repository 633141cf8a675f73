"""What is in the wheel, and what a source install says where it cannot be."""

from __future__ import annotations

import importlib.util
import pathlib
import sys
import types
from importlib.metadata import distribution

import pytest

import libperiodic

PACKAGE = pathlib.Path(__file__).resolve().parents[1]


def test_the_library_and_what_it_needs_are_those_of_the_wheel():
    own = pathlib.Path(libperiodic.__file__).parent
    wheel = distribution("libperiodic").read_text("WHEEL")
    assert "Tag: py3-none-manylinux_2_" in wheel
    mapped = pathlib.Path("/proc/self/maps").read_text().splitlines()
    beside = {line.split()[-1] for line in mapped if str(own.parent) in line}
    for name in ("libperiodic/libperiodic.so", "libuv-", "libsqlite3-", "libjansson-"):
        assert any(name in path for path in beside), (name, beside)
    assert (own / "py.typed").exists()


def test_a_source_install_without_swift_says_so(tmp_path, monkeypatch):
    interface = types.ModuleType("hatchling.builders.hooks.plugin.interface")
    interface.BuildHookInterface = object
    parts = interface.__name__.split(".")
    for length in range(1, len(parts)):
        name = ".".join(parts[:length])
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    monkeypatch.setitem(sys.modules, interface.__name__, interface)
    spec = importlib.util.spec_from_file_location("hatch_build", PACKAGE / "hatch_build.py")
    hook = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(hook)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("LIBPERIODIC_SO", raising=False)
    with pytest.raises(RuntimeError, match="Swift 6.2.*make wheel"):
        hook.library(tmp_path)
    monkeypatch.setenv("LIBPERIODIC_SO", "/somewhere/else.so")
    assert hook.library(tmp_path) == pathlib.Path("/somewhere/else.so")
