"""The Debian packages: what is in them, that they can be installed, and that programs are built with them.

They take most of a minute, so scripts/check-slow.sh runs them, and not the tests of each commit.
"""

from __future__ import annotations

import os
import pathlib
import re
import shutil
import subprocess

import pytest

from conftest import BINARY, LIBRARY, ROOT

VERSION = re.search(r'PERIODIC_VERSION "(.*)"', (ROOT / "include/periodic.h").read_text())[1]


def output(*command, **more) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=300, **more).stdout


TRIPLET = output("dpkg-architecture", "-qDEB_HOST_MULTIARCH").strip()


@pytest.fixture(scope="module")
def packages(tmp_path_factory) -> dict[str, pathlib.Path]:
    """The files, by their package's name."""
    directory = tmp_path_factory.mktemp("debs")
    builds = {"PERIODIC": str(BINARY.resolve()), "LIBPERIODIC_SO": str(LIBRARY.resolve())}
    output(ROOT / "scripts/deb.sh", env=os.environ | builds | {"DEBS": str(directory)})
    return {path.name.split("_")[0]: path for path in directory.glob("*.deb")}


@pytest.fixture(scope="module")
def root(packages, tmp_path_factory) -> pathlib.Path:
    """A system that has the packages and nothing else: dpkg there knows them, this machine's does not."""
    if os.path.exists("/run/systemd/system") or os.geteuid() != 0:
        pytest.skip("needs root, and no systemd that would start the service")
    root = tmp_path_factory.mktemp("root")
    (root / "etc").mkdir()
    (root / "var/lib/dpkg").mkdir(parents=True)
    for name in ("etc/passwd", "etc/group", "var/lib/dpkg/status"):
        (root / name).touch()
    dpkg(root, "--force-depends", "-i", *packages.values())
    return root


def dpkg(root: pathlib.Path, *arguments) -> None:
    output("dpkg", f"--root={root}", "--force-script-chrootless", *arguments)


def field(package: pathlib.Path, name: str) -> str:
    return output("dpkg-deb", "-f", package, name).strip()


def test_there_are_three_of_the_librarys_version(packages):
    assert set(packages) == {"libperiodic0", "libperiodic-dev", "periodic"}
    for package in packages.values():
        assert field(package, "Version").startswith(f"{VERSION}-")


def test_they_say_what_they_need(packages):
    needed = {"libc6", "libuv1", "libsqlite3-0", "libjansson4"}
    for name in ("libperiodic0", "periodic"):
        assert needed <= set(re.findall(r"[\w.+-]+(?= \(>=)", field(packages[name], "Depends"))), name
    assert f"libperiodic0 (= {VERSION}-" in field(packages["libperiodic-dev"], "Depends")


def test_everything_is_where_debian_has_it(root):
    library = root / "usr/lib" / TRIPLET
    assert os.readlink(library / "libperiodic.so.0") == f"libperiodic.so.{VERSION}"
    for name in (
        library / "libperiodic.so",
        library / "pkgconfig/periodic.pc",
        library / "cmake/periodic/periodicConfig.cmake",
        root / "usr/include/periodic.h",
        root / "usr/bin/periodicd",
        root / "usr/share/man/man3/periodic_job_name.3.gz",
        root / "usr/share/man/man8/periodicd.8.gz",
        root / "usr/share/bash-completion/completions/periodic",
        root / "etc/default/periodic",
    ):
        assert name.exists(), name
    assert "ldconfig" in (root / "var/lib/dpkg/info" / "libperiodic0:amd64.triggers").read_text()
    assert not (root / "usr/share/periodic").exists()


def test_a_program_is_built_with_pkg_config(root, tmp_path):
    environment = os.environ | {
        "PKG_CONFIG_SYSROOT_DIR": str(root),
        "PKG_CONFIG_PATH": str(root / "usr/lib" / TRIPLET / "pkgconfig"),
    }
    flags = output("pkg-config", "--cflags", "--libs", "periodic", env=environment).split()
    output("gcc", "-o", tmp_path / "embedded", ROOT / "examples/c/embedded.c", *flags)
    assert "HELLO, WORLD" in run_there(root, tmp_path / "embedded")


def test_a_program_is_built_with_cmake(root, tmp_path):
    (tmp_path / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.13)\nproject(example C)\nfind_package(periodic 0.1 REQUIRED)\n"
        f"add_executable(embedded {ROOT}/examples/c/embedded.c)\n"
        "target_link_libraries(embedded periodic::periodic)\n"
    )
    output("cmake", "-S", tmp_path, "-B", tmp_path / "build", f"-DCMAKE_PREFIX_PATH={root}/usr")
    output("cmake", "--build", tmp_path / "build")
    assert "HELLO, WORLD" in run_there(root, tmp_path / "build/embedded")


def run_there(root: pathlib.Path, *command) -> str:
    return output(*command, env=os.environ | {"LD_LIBRARY_PATH": str(root / "usr/lib" / TRIPLET)})


def test_the_service_runs_what_is_installed_as_a_user_of_its_own(root):
    unit = (root / "lib/systemd/system/periodic.service").read_text()
    command = re.search(r"^ExecStart=/(\S+) (.*)$", unit, re.M)
    assert os.access(root / command[1], os.X_OK) and "file:/var/lib/periodic/" in command[2]
    assert re.search(r"^periodic:x:\d+:\d+:.*:/usr/sbin/nologin$", (root / "etc/passwd").read_text(), re.M)
    assert "\nUser=periodic\n" in unit and "\nStateDirectory=periodic\n" in unit
    assert (root / "etc/systemd/system/multi-user.target.wants/periodic.service").is_symlink()


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd")
def test_the_service_is_confined(root):
    command = ["systemd-analyze", "security", "--offline=true", "--threshold=20", f"--root={root}"]
    run = subprocess.run([*command, "periodic.service"], capture_output=True, text=True)
    assert run.returncode == 0 and "Unknown" not in run.stderr, run.stdout + run.stderr


def test_the_service_starts_with_the_options_that_come_with_it(root, tmp_path):
    """Its command line, with the directories that systemd would make elsewhere."""
    (tmp_path / "state").mkdir()
    text = (root / "etc/default/periodic").read_text() + (root / "lib/systemd/system/periodic.service").read_text()
    options = re.search(r'^PERIODIC_OPTIONS="(.*)"$', text, re.M)[1]
    command = re.search(r"^ExecStart=(.*)$", text, re.M)[1].replace("$PERIODIC_OPTIONS", options)
    command = command.replace("/usr/bin", f"{root}/usr/bin").replace("/var/lib/periodic", f"{tmp_path}/state")
    command = command.replace("/run/periodic", str(tmp_path))
    daemon = subprocess.Popen(command.split(), stderr=subprocess.PIPE, text=True)
    try:
        assert any("ready" in line for line in daemon.stderr)
        address = f"unix://{tmp_path}/periodic.sock"
        assert output(root / "usr/bin/periodic", "-H", address, "ping").strip() == "PONG"
        assert (tmp_path / "periodic.sock").stat().st_mode & 0o777 == 0o660
    finally:
        daemon.terminate()
    assert daemon.wait(timeout=30) == 0


def test_removing_them_leaves_nothing_of_them(root, packages):
    """Last: the others need what is installed."""
    dpkg(root, "--purge", *packages)
    left = {str(path.relative_to(root)) for path in root.rglob("*") if not path.is_dir()}
    ours = {name for name in left if "periodic" in name and not name.startswith("var/lib/dpkg/")}
    assert ours == set()
