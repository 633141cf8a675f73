"""Puts the library into the wheel, which then serves every CPython: it is used through ctypes.

The library is the one that LIBPERIODIC_SO names, else what scripts/build-library.sh leaves in the
repository, which is run if there is none yet.
"""

import os
import pathlib
import platform
import shutil
import subprocess

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NEEDS_SWIFT = (
    "libperiodic is written in Swift: to install it from its sources, the Swift 6.2 toolchain has to be in "
    "PATH, and its repository around bindings/python. Wheels need no compiler: `make wheel` makes one."
)


class CustomBuildHook(BuildHookInterface):
    def initialize(self, version, build_data):
        root = pathlib.Path(self.root)
        shutil.copyfile(library(root.parents[1]), root / "libperiodic" / "libperiodic.so.0")
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-linux_{platform.machine()}"


def library(repository: pathlib.Path) -> pathlib.Path:
    """The built library, which is built if it has to be."""
    given = os.environ.get("LIBPERIODIC_SO")
    if given:
        return pathlib.Path(given)
    built = repository / ".build-library" / "release" / "libperiodic.so"
    if not built.exists():
        script = repository / "scripts" / "build-library.sh"
        if shutil.which("swift") is None or not script.exists():
            raise RuntimeError(NEEDS_SWIFT)
        subprocess.run([script], check=True)
    return built
