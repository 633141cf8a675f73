"""Puts the library into the wheel, which then serves every CPython: it is used through ctypes.

The library is the one that LIBPERIODIC_SO names, else what scripts/build-library.sh left in the
repository.
"""

import os
import pathlib
import shutil

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CustomBuildHook(BuildHookInterface):
    def initialize(self, version, build_data):
        root = pathlib.Path(self.root)
        built = root.parents[1] / ".build-library" / "release" / "libperiodic.so"
        library = pathlib.Path(os.environ.get("LIBPERIODIC_SO") or built)
        if not library.exists():
            raise RuntimeError(f"{library} is not there: run scripts/build-library.sh first")
        shutil.copyfile(library, root / "libperiodic" / "libperiodic.so.0")
        build_data["pure_python"] = False
        build_data["tag"] = "py3-none-linux_x86_64"
