#!/usr/bin/env python3
"""What a program that was built with include/periodic.h relies on, a line for each thing.

Usage: scripts/abi.py [--break]. Writes docs/abi/MAJOR.MINOR.txt and periodic.map, both from the header.
Lines are added; if one goes or changes, nothing is written unless --break is given, which is right only
for what no release has had.
"""

from __future__ import annotations

import pathlib
import re
import subprocess
import sys
import tempfile

from periodic_header import HEADER, Entry, Function, Header, Struct

ROOT = pathlib.Path(__file__).resolve().parents[1]
MAP = ROOT / "periodic.map"
BASELINES = ROOT / "docs/abi"


def node(entry: Entry) -> str:
    """The symbol version of an entry's functions: the release that had them first."""
    return "PERIODIC_" + re.search(r"Since: (\d+\.\d+)", entry.comment)[1]


def unnamed(parameter: str) -> str:
    """A parameter's type."""
    return re.sub(r"\b\w+$", "", parameter).strip()


def function(function: Function, version: str) -> str:
    types = ", ".join(map(unnamed, function.parameters)) or "void"
    return f"function {function.result.strip()} {function.name}({types}) {version}"


def callback(text: str) -> str:
    head, inside = re.fullmatch(r"typedef (.*?\))\((.*)\);", text).groups()
    return f"callback {head}({', '.join(unnamed(part) for part in inside.split(','))})"


def macro(name: str, value: str) -> str:
    """With its value if that is a number, but for the version's, which is there to change."""
    number = re.fullmatch(r"\(?-?\d\w*\)?", value) and "VERSION" not in name
    return f"macro {name} = {value}" if number else f"macro {name}"


def constants(header: Header) -> list[tuple[str, str]]:
    """Enum and constant. One that ends in _LAST moves with every addition, and is not relied on."""
    found = []
    for entry in header.entries:
        for name, body in entry.enums.items():
            inside = entry.constants(name)
            if "PERIODIC_ERRNO_MAP" in body:
                inside += [f"PERIODIC_{error}" for error, _, _ in header.errors]
            found += [(name or "constant", constant) for constant in inside]
    return [pair for pair in found if not pair[1].endswith("_LAST")]


def measured(text: str, header: Header) -> list[str]:
    """What only a compiler knows: values, offsets and sizes."""
    prints = [
        f'  printf("enum {enum} {constant} = %d\\n", (int){constant});' for enum, constant in constants(header)
    ]
    for struct in header.structs:
        prints += fields(struct)
    program = ["#include <periodic.h>", "#include <stdio.h>", "int main(void) {", *prints, "  return 0;", "}"]
    with tempfile.TemporaryDirectory() as directory:
        place = pathlib.Path(directory)
        (place / "periodic.h").write_text(text)
        (place / "main.c").write_text("\n".join(program))
        subprocess.run(["gcc", "-std=c99", f"-I{place}", "-o", place / "main", place / "main.c"], check=True)
        return subprocess.run([place / "main"], capture_output=True, text=True, check=True).stdout.splitlines()


def fields(struct: Struct) -> list[str]:
    """Where each field is. A struct that begins with its own size may grow at its end."""
    name = struct.name
    prints = []
    if struct.fields[0] != ("size_t", "size"):
        prints.append(f'  printf("struct {name} size %zu\\n", sizeof({name}));')
    for kind, field in struct.fields:
        place = f"offsetof({name}, {field}), sizeof((({name} *)0)->{field})"
        prints.append(f'  printf("field {name}.{field} {kind} at %zu size %zu\\n", {place});')
    return prints


def lines(text: str) -> list[str]:
    header = Header(text)
    found = [function(each, node(entry)) for entry in header.entries for each in entry.functions]
    found += [callback(text) for text in header.callbacks.values()]
    found += [f"opaque {name}" for entry in header.entries for name in entry.opaque]
    found += [macro(name, value) for name, value in header.macros.items()]
    return sorted(found + measured(text, header))


def version_script(header: Header) -> str:
    """The linker's version script: a node for each release, with the functions that it added."""
    nodes: dict[str, list[str]] = {}
    for entry in header.entries:
        for each in entry.functions:
            nodes.setdefault(node(entry), []).append(each.name)
    text, before = "/* Made by `make abi` from include/periodic.h. */\n", ""
    for version in sorted(nodes, key=lambda name: [int(part) for part in name.split("_")[1].split(".")]):
        text += f"{version} {{\n  global:\n"
        text += "".join(f"    {name};\n" for name in sorted(nodes[version]))
        text += ("" if before else "  local:\n    *;\n") + f"}}{before};\n"
        before = f" {version}"
    return text


def kept(path: pathlib.Path) -> list[str]:
    return [line for line in path.read_text().splitlines() if line and not line.startswith("#")]


def baseline(header: Header) -> pathlib.Path:
    return BASELINES / f"{'.'.join(header.version.split('.')[:2])}.txt"


def main() -> None:
    header, present = Header(), lines(HEADER.read_text())
    path = baseline(header)
    before = kept(path) if path.exists() else []
    gone = [line for line in before if line not in present]
    if gone and "--break" not in sys.argv:
        raise SystemExit("these went or changed; programs that use them break:\n  " + "\n  ".join(gone))
    path.parent.mkdir(parents=True, exist_ok=True)
    head = "# What programs rely on, made by `make abi` for x86_64. Lines may be added; none may go or change.\n"
    path.write_text(head + "\n".join(present) + "\n")
    MAP.write_text(version_script(header))
    for sign, some in (("-", gone), ("+", [line for line in present if line not in before])):
        print("".join(f"{sign} {line}\n" for line in some), end="")


if __name__ == "__main__":
    main()
