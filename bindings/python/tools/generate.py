"""Writes libperiodic/_bindings.py and errors.py from include/periodic.h, so that nothing is declared twice.

    python tools/generate.py [--check]

Needs libclang from PyPI. With --check nothing is written, and the exit status is 1 if a file is
stale.
"""

from __future__ import annotations

import pathlib
import re
import subprocess
import sys

from clang.cindex import CursorKind, Index, TypeKind

HERE = pathlib.Path(__file__).resolve().parent
HEADER = HERE.parents[2] / "include" / "periodic.h"
PACKAGE = HERE.parent / "libperiodic"

SIMPLE = {
    TypeKind.INT: "ctypes.c_int",
    TypeKind.UINT: "ctypes.c_uint",
    TypeKind.LONG: "ctypes.c_long",
    TypeKind.ULONG: "ctypes.c_ulong",
    TypeKind.VOID: "None",
}
NAMED = {
    "size_t": "ctypes.c_size_t",
    "int32_t": "ctypes.c_int32",
    "uint32_t": "ctypes.c_uint32",
    "int64_t": "ctypes.c_int64",
    "uint64_t": "ctypes.c_uint64",
}
# The exception of each code, and which of Python's own it is as well.
EXCEPTIONS = {
    "EINVAL": ("InvalidArgumentError", "ValueError"),
    "ETHREAD": ("WrongThreadError", "RuntimeError"),
    "EFORK": ("ForkError", "RuntimeError"),
    "EDEADLK": ("DeadlockError", "RuntimeError"),
    "EBUSY": ("BusyError", ""),
    "EAGAIN": ("NotNowError", ""),
    "ETIMEDOUT": ("TimedOutError", "TimeoutError"),
    "ECANCELED": ("CanceledError", ""),
    "ECLOSED": ("ClosedError", ""),
    "EDISCONNECTED": ("DisconnectedError", "ConnectionError"),
    "EREFUSED": ("RefusedError", ""),
    "ENOWORKER": ("NoWorkerError", ""),
    "ESTALE": ("StaleError", ""),
    "ELIMIT": ("LimitError", "ValueError"),
    "EADDRESS": ("AddressError", "ValueError"),
    "EADDRINUSE": ("AddressInUseError", "OSError"),
    "EACCES": ("AccessError", "PermissionError"),
    "EIO": ("SystemFailureError", "OSError"),
    "EFULL": ("StoreFullError", "OSError"),
    "ECORRUPT": ("StoreCorruptError", ""),
    "ENOTSUP": ("NotSupportedError", ""),
}


def ctype(type_) -> str:
    """The ctypes expression of a C type."""
    name = type_.spelling.replace("const ", "").strip()
    if name in NAMED:
        return NAMED[name]
    if name.startswith("periodic_") and not name.endswith("*"):
        return name
    canonical = type_.get_canonical()
    if canonical.kind in SIMPLE:
        return SIMPLE[canonical.kind]
    if canonical.kind == TypeKind.POINTER:
        return pointer(type_, canonical.get_pointee())
    raise SystemExit(f"no ctypes form for {type_.spelling}")


def pointer(type_, target) -> str:
    name = target.spelling.replace("const ", "").replace(" const", "").strip()
    if target.kind == TypeKind.CHAR_S:
        return "ctypes.c_char_p"
    if target.kind in (TypeKind.VOID, TypeKind.FUNCTIONPROTO):
        return "ctypes.c_void_p"
    if target.kind == TypeKind.POINTER:
        return "ctypes.POINTER(ctypes.c_void_p)"
    if target.kind in SIMPLE:
        return f"ctypes.POINTER({NAMED.get(type_.get_pointee().spelling, SIMPLE[target.kind])})"
    name = name.removeprefix("struct ")
    return f"ctypes.POINTER({name})" if name in complete else "ctypes.c_void_p"


complete: set[str] = set()


def errors(text: str) -> list[tuple[str, int, str]]:
    """The rows of the header's table of codes."""
    rows = re.findall(r'XX\((E[A-Z]+), (-\d+), "([^"]*)"\)', text)
    return [(name, int(code), sentence) for name, code, sentence in rows]


HEAD = '''"""One exception for each code of the C header. Made by tools/generate.py from it; not to be edited."""

from __future__ import annotations


class PeriodicError(Exception):
    """Something did not work. `code` is the C header's number, `name` its name there."""

    code = 0
    name = "OK"
    text = "success"

    def __init__(self, detail: str = "") -> None:
        super().__init__(f"{self.text}: {detail}" if detail not in ("", self.text) else self.text)
        self.detail = detail

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.detail,)
'''


def exceptions() -> str:
    """The module errors.py."""
    rows = errors(HEADER.read_text())
    lines = [HEAD]
    for name, code, text in rows:
        title, base = EXCEPTIONS[name]
        bases = f"PeriodicError, {base}" if base else "PeriodicError"
        lines += [f"\nclass {title}({bases}):", f'    """{text[0].upper()}{text[1:]}."""', ""]
        lines += [f"    code = {code}", f'    name = "{name}"', f'    text = "{text}"', ""]
    titles = [EXCEPTIONS[name][0] for name, *_ in rows]
    lines += ["", "BY_CODE: dict[int, type[PeriodicError]] = {"]
    lines += [f"    {title}.code: {title}," for title in titles]
    lines += ["}", "", "__all__ = [", '    "PeriodicError",', *(f'    "{title}",' for title in titles), "]", ""]
    return "\n".join(lines)


def generate() -> str:
    builtin = subprocess.run(
        ["gcc", "-print-file-name=include"], capture_output=True, text=True, check=True
    ).stdout.strip()
    unit = Index.create().parse(str(HEADER), args=["-std=c11", f"-I{builtin}"])
    problems = [str(problem) for problem in unit.diagnostics]
    if problems:
        raise SystemExit("\n".join(problems))
    own = [node for node in unit.cursor.get_children() if str(node.location.file) == str(HEADER)]
    lines = ['"""Made by tools/generate.py from include/periodic.h; not to be edited."""', ""]
    lines += ["from __future__ import annotations", "", "import ctypes", ""]
    for node in own:
        if node.kind == CursorKind.STRUCT_DECL and node.is_definition():
            lines += structure(node)
        elif node.kind == CursorKind.TYPEDEF_DECL:
            lines += callback(node)
    lines += ["", "# name: (result, arguments)", "FUNCTIONS = {"]
    for node in own:
        if node.kind == CursorKind.FUNCTION_DECL:
            lines += declaration(node)
    return "\n".join(lines + ["}", ""])


def declaration(node) -> list[str]:
    """A function. What points somewhere is an address: c_void_p takes numbers, arrays, bytes and byref()."""
    arguments = [re.sub(r"ctypes\.POINTER\(.*\)", "ctypes.c_void_p", ctype(argument.type))
                 for argument in node.get_arguments()]
    head = f'    "{node.spelling}": ({ctype(node.result_type)}, ['
    line = head + ", ".join(arguments) + "]),"
    if len(line) <= 100:
        return [line]
    return [head, *(f"        {argument}," for argument in arguments), "    ]),"]


def structure(node) -> list[str]:
    complete.add(node.spelling)
    fields = [f'        ("{field.spelling}", {ctype(field.type)}),' for field in node.get_children()
              if field.kind == CursorKind.FIELD_DECL]
    size = node.type.get_size()
    return ["", f"class {node.spelling}(ctypes.Structure):", "    _fields_ = [", *fields, "    ]", "",
            "", f"assert ctypes.sizeof({node.spelling}) == {size}", ""]


def callback(node) -> list[str]:
    target = node.underlying_typedef_type.get_canonical()
    if target.kind != TypeKind.POINTER or target.get_pointee().kind != TypeKind.FUNCTIONPROTO:
        return []
    arguments = [child.type for child in node.get_children() if child.kind == CursorKind.PARM_DECL]
    result = node.underlying_typedef_type.get_pointee().get_result()
    types = [ctype(result), *(ctype(argument) for argument in arguments)]
    return [f"{node.spelling} = ctypes.CFUNCTYPE({', '.join(types)})", ""]


def main() -> None:
    made = {PACKAGE / "_bindings.py": generate(), PACKAGE / "errors.py": exceptions()}
    for path, text in made.items():
        if "--check" not in sys.argv:
            path.write_text(text)
        elif path.read_text() != text:
            raise SystemExit(f"{path} is stale: run tools/generate.py")


if __name__ == "__main__":
    main()
