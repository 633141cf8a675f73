"""Reads docs/errors.md: what each function of the C API returns, when, and how to see it.

A section for each function has rows "| `CODE` | when | seen |". `seen` is empty, or has in this order, with
commas between them: where the call is made (PLACES; nothing is here and now), "after `C`", C that is run before it,
and assignments in C to its parameters.
"""

from __future__ import annotations

import pathlib
import re
from dataclasses import dataclass, field

FILE = pathlib.Path(__file__).resolve().parents[1] / "docs/errors.md"

# The call as it is; on another thread; in a forked child; in a callback; in the loop's clock or its source of
# random numbers.
PLACES = ("call", "thread", "fork", "callback", "clock", "random")


@dataclass
class Row:
    function: str
    code: str  # EINVAL, 0, 1, -1, MORE, n (a count), NULL, pointer
    when: str
    place: str = ""  # one of PLACES, or nothing where it cannot be provoked
    before: list[str] = field(default_factory=list)
    assignments: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{self.function}: {self.code}: {self.when}"


def row(function: str, line: str) -> Row:
    found = re.fullmatch(r"\| `(\w+|-1)` \| ([^|]+?) \| ([^|]*?) *\|", line)
    if found is None:
        raise SystemExit(f"errors.md: not understood: {line}")
    read = Row(function, found[1], found[2])
    rest = found[3]
    if rest:
        read.place = "call"
    while rest:
        part = re.match(rf"({'|'.join(PLACES)})\b|(after )?`([^`]+)`", rest)
        if part is None or (end := rest[part.end() :])[:2] not in ("", ", "):
            raise SystemExit(f"errors.md: not understood: {line}")
        if part[1]:
            read.place = part[1]
        else:
            (read.before if part[2] else read.assignments).append(part[3])
        rest = end[2:]
    return read


def errors(text: str | None = None) -> dict[str, list[Row]]:
    """The rows of each function."""
    text = FILE.read_text() if text is None else text
    found: dict[str, list[Row]] = {}
    name = ""
    for line in text.split("\n"):
        if line.startswith("#"):
            heading = re.fullmatch(r"### (periodic_\w+)", line)
            name = heading[1] if heading else ""
            if name in found:
                raise SystemExit(f"errors.md: {name} stands twice")
            if name:
                found[name] = []
        elif name and line.startswith("| `"):
            found[name].append(row(name, line))
    return found
