"""What `make install` puts where, how programs are built with it, and that uninstalling is its opposite."""

from __future__ import annotations

import os
import pathlib
import re
import subprocess

import pytest

from conftest import ROOT, flags, install

VERSION = re.search(r'PERIODIC_VERSION "(.*)"', (ROOT / "include/periodic.h").read_text())[1]


def names(root: pathlib.Path) -> set[str]:
    return {str(path.relative_to(root)) for path in root.rglob("*")}


def test_programs_libraries_and_papers_are_where_they_are_looked_for(prefix):
    completion = "share/bash-completion/completions/periodic", "share/zsh/site-functions/_periodic-run"
    pages = "man1/periodic-run.1", "man3/periodic_loop_new.3", "man5/periodic-dump.5", "man8/periodicd.8"
    for name in (
        "bin/periodic",
        "bin/periodic-run-pipe",
        "include/periodic.h",
        "include/periodic/periodic_uv.h",
        "lib/pkgconfig/periodic.pc",
        "lib/cmake/periodic/periodicConfig.cmake",
        "share/fish/vendor_completions.d/periodic-run-pipe.fish",
        *completion,
        *(f"share/man/{page}" for page in pages),
    ):
        assert (prefix / name).stat().st_size > 100, name


def test_the_librarys_names_lead_to_each_other(prefix):
    """The linker's name, the one that programs ask for, and the real one."""
    assert os.readlink(prefix / "lib/libperiodic.so") == "libperiodic.so.0"
    assert os.readlink(prefix / "lib/libperiodic.so.0") == f"libperiodic.so.{VERSION}"
    assert not (prefix / f"lib/libperiodic.so.{VERSION}").is_symlink()


def test_pkg_config_knows_the_version_and_what_the_library_needs(prefix):
    environment = dict(os.environ, PKG_CONFIG_PATH=str(prefix / "lib/pkgconfig"))
    said = {
        option: subprocess.run(
            ["pkg-config", *option.split(), "periodic"], capture_output=True, text=True, env=environment
        ).stdout.split()
        for option in ("--modversion", "--libs", "--static --libs")
    }
    assert said["--modversion"] == [VERSION]
    assert said["--libs"] == [f"-L{prefix}/lib", "-lperiodic"]
    assert {"-luv", "-lsqlite3", "-ljansson"} < set(said["--static --libs"])


def test_a_program_is_built_with_pkg_config(prefix, tmp_path):
    source = ROOT / "examples/c/embedded.c"
    subprocess.run(["gcc", "-o", tmp_path / "embedded", source, *flags(prefix)], check=True)
    needed = subprocess.run(["readelf", "-d", tmp_path / "embedded"], capture_output=True, text=True).stdout
    assert "[libperiodic.so.0]" in needed
    shown = subprocess.run([tmp_path / "embedded"], capture_output=True, text=True, timeout=30)
    assert shown.returncode == 0 and "HELLO, WORLD" in shown.stdout


PROJECT = """cmake_minimum_required(VERSION 3.13)
project(example C)
find_package(periodic {wanted} REQUIRED CONFIG)
find_package(periodic)
add_executable(embedded {source})
target_link_libraries(embedded PRIVATE periodic::periodic)
message(STATUS "found periodic ${{periodic_VERSION}}")
"""


def configure(tmp_path, prefix, wanted: str) -> subprocess.CompletedProcess[str]:
    text = PROJECT.format(wanted=wanted, source=ROOT / "examples/c/embedded.c")
    (tmp_path / "CMakeLists.txt").write_text(text)
    command = ["cmake", "-S", tmp_path, "-B", tmp_path / "build", f"-DCMAKE_PREFIX_PATH={prefix}"]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def test_a_program_is_built_with_cmake(prefix, tmp_path):
    configured = configure(tmp_path, prefix, "0.1")
    assert configured.returncode == 0 and f"found periodic {VERSION}" in configured.stdout, configured.stderr
    subprocess.run(["cmake", "--build", tmp_path / "build"], check=True, capture_output=True)
    shown = subprocess.run([tmp_path / "build/embedded"], capture_output=True, text=True, timeout=30)
    assert shown.returncode == 0 and "HELLO, WORLD" in shown.stdout


@pytest.mark.parametrize("wanted, found", [("", True), (VERSION, True), ("0.99", False), ("1.0", False)])
def test_cmake_is_told_which_versions_will_do(prefix, tmp_path, wanted, found):
    assert (configure(tmp_path, prefix, wanted).returncode == 0) == found


def test_a_tree_for_a_package_is_as_if_it_were_at_its_place(tmp_path):
    install(PREFIX="/usr", DESTDIR=str(tmp_path), LIBDIR="/usr/lib/some-triplet")
    libraries = tmp_path / "usr/lib/some-triplet"
    assert (libraries / "libperiodic.so").exists() and not (tmp_path / "usr/lib/libperiodic.so").exists()
    assert "libdir=${prefix}/lib/some-triplet" in (libraries / "pkgconfig/periodic.pc").read_text()
    mentioned = [path for path in tmp_path.rglob("*") if path.suffix in (".pc", ".cmake", ".3")]
    assert all(str(tmp_path) not in path.read_text() for path in mentioned)


def test_uninstalling_takes_exactly_what_installing_put_there(tmp_path):
    """With what was there before and came later; also after a second installation."""
    (tmp_path / "usr/bin").mkdir(parents=True)
    (tmp_path / "usr/bin/other").touch()
    before = names(tmp_path)
    where = {"PREFIX": "/usr", "DESTDIR": str(tmp_path)}
    install(**where)
    first = names(tmp_path)
    install(**where)
    assert names(tmp_path) == first
    (tmp_path / "usr/share/man/man3/another.3").touch()
    install("uninstall", **where)
    others = {"usr/share", "usr/share/man", "usr/share/man/man3", "usr/share/man/man3/another.3"}
    assert names(tmp_path) == before | others


def test_a_directory_that_installing_made_goes_with_the_rest(tmp_path):
    where = {"PREFIX": "/opt/periodic", "DESTDIR": str(tmp_path / "root")}
    install(**where)
    install("uninstall", **where)
    assert names(tmp_path) == {"root"}


def test_a_file_of_an_earlier_version_goes_when_the_next_is_installed(tmp_path):
    where = {"PREFIX": "/usr", "DESTDIR": str(tmp_path)}
    install(**where)
    old = tmp_path / "usr/lib/libperiodic.so.0.0.1"
    old.touch()
    with (tmp_path / "usr/share/periodic/installed").open("a") as listed:
        listed.write("/usr/lib/libperiodic.so.0.0.1\n")
    install(**where)
    assert not old.exists() and (tmp_path / "usr/lib/libperiodic.so.0").exists()
