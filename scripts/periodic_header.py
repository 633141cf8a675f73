"""Reads include/periodic.h: its sections, comments and declarations, for what is made from them.

It knows the form of that header, not C: a comment belongs to the declarations that follow it without
an empty line; one that stands alone belongs to its section.
"""

from __future__ import annotations

import pathlib
import re

HEADER = pathlib.Path(__file__).resolve().parents[1] / "include/periodic.h"

COMMENT = re.compile(r"/\*.*?\*/", re.S)
MACRO = re.compile(r"#[^\n]*?(?:\\\n[^\n]*?)*(?=\n|$)")
SECTION = re.compile(r"/\* -{4,} (.*?) -{4,} \*/")


def plain(comment: str) -> str:
    """A comment's text, without its signs; lines and their indentation stay."""
    lines = comment[2:-2].split("\n")
    return "\n".join(re.sub(r"^ *\* ?", "", line).rstrip() for line in lines).strip("\n").lstrip(" ")


def bare(declaration: str) -> str:
    """A declaration on one line, without comments."""
    return " ".join(COMMENT.sub(" ", declaration).split())


def understood(pattern: str, text: str) -> tuple[str, ...]:
    """The groups of a pattern that fits the whole text."""
    found = re.fullmatch(pattern, text, re.S)
    if found is None:
        raise SystemExit(f"periodic.h: not understood: {text}")
    return found.groups()


def declared_field(text: str) -> tuple[str, str]:
    """Type and name of a field: of a plain one, an array, or a pointer to a function."""
    if "(*" in text:
        before, name, after = understood(r"(.*?\(\*)(\w+)(\).*);", text)
    else:
        before, name, after = understood(r"([^,]*?)(\w+) ?((?:\[\w+\])*);", text)
    return (before.strip() + (" " if after.startswith("[") else "") + after, name)


class Function:
    """One exported function: `text` is its prototype without PERIODIC_API."""

    def __init__(self, text: str):
        self.text = text
        self.result, self.name, inside = understood(r"(.*?)(\w+)\(([^()]*)\).*;", text)
        self.parameters = [] if inside == "void" else [part.strip() for part in inside.split(",")]


class Struct:
    """A struct with fields. `groups` has pairs: fields ("type", "name") and what is said of them."""

    def __init__(self, name: str, body: str):
        self.name = name
        self.groups: list[tuple[list[tuple[str, str]], str]] = []
        pieces = re.findall(r"/\*.*?\*/|[^;/]+;|\n", body, re.S)
        before, after_field = "", False
        for piece in pieces:
            if piece == "\n":
                after_field = False
            elif piece.startswith("/*") and after_field:
                self.groups[-1] = (self.groups[-1][0], plain(piece))
            elif piece.startswith("/*"):
                before = plain(piece)
            else:
                kind, field = declared_field(bare(piece))
                trailing = re.search(re.escape(piece) + r" */\*", body)
                if before or trailing or not self.groups:
                    self.groups.append(([], before))
                    before = ""
                self.groups[-1][0].append((kind, field))
                after_field = True

    @property
    def fields(self) -> list[tuple[str, str]]:
        return [field for group, _ in self.groups for field in group]


class Entry:
    """What stands under one comment in one section."""

    def __init__(self, section: str, notes: list[str]):
        self.section = section
        self.notes = list(notes)  # the section's own comments before it
        self.comment = ""
        self.functions: list[Function] = []
        self.structs: list[Struct] = []
        self.callbacks: dict[str, str] = {}  # name: typedef
        self.enums: dict[str, str] = {}  # name: what is between its braces
        self.opaque: list[str] = []

    def constants(self, enum: str) -> list[str]:
        """The names in an enum of this entry; of the table of codes only those beside it."""
        names = [part.split()[0] for part in self.enums[enum].split(",") if part.strip()]
        return [name for name in names if re.fullmatch(r"PERIODIC_\w+", name)]

    def add(self, text: str) -> None:
        line = bare(text)
        if line.startswith("PERIODIC_API "):
            self.functions.append(Function(line.removeprefix("PERIODIC_API ")))
        elif found := re.match(r"typedef struct (\w+) \{(.*)\} \w+;$", text, re.S):
            self.structs.append(Struct(found[1], found[2]))
        elif found := re.match(r"typedef [^(]*\(\*(\w+)\)", line):
            self.callbacks[found[1]] = line
        elif found := re.match(r"typedef struct (\w+) \w+;$", line):
            self.opaque.append(found[1])
        else:
            name, body = understood(r"(?:typedef )?enum (\w*) ?\{(.*)\}(?: \w+)?;", line)
            self.enums[name] = body.strip(" ,")


class Header:
    def __init__(self, text: str | None = None):
        text = HEADER.read_text() if text is None else text
        self.overview = plain(COMMENT.match(text)[0])
        self.version = re.search(r'#define PERIODIC_VERSION "(.*)"', text)[1]
        self.errors = [
            (name, int(number), sentence)
            for name, number, sentence in re.findall(r'XX\((E\w+), (-\d+), "([^"]*)"\)', text)
        ]
        self.macros = {  # name: what it stands for
            name: COMMENT.sub("", value).strip()
            for name, value in re.findall(r"^#define (PERIODIC_\w+)(.*)", text, re.M)
            if name not in ("PERIODIC_H", "PERIODIC_API")
        }
        self.sections: dict[str, list[Entry]] = {}
        self._read(text[text.index('extern "C" {') :])
        self.entries = [entry for entries in self.sections.values() for entry in entries]
        self.functions = [function for entry in self.entries for function in entry.functions]
        self.structs = [struct for entry in self.entries for struct in entry.structs]
        self.callbacks = {name: text for entry in self.entries for name, text in entry.callbacks.items()}

    def _read(self, text: str) -> None:
        section, notes, entry, comment = "", [], None, ""
        for piece in split(text):
            if title := SECTION.fullmatch(piece):
                section, notes, entry = title[1], [], None
            elif piece.startswith("/*"):
                comment, entry = piece, None
            elif piece.startswith("\n"):
                if comment:
                    notes.append(plain(comment))
                comment, entry = "", None
            elif piece.startswith("#"):
                comment, entry = "", None
            else:
                if entry is None:
                    entry = Entry(section, notes)
                    entry.comment, comment = plain(comment) if comment else "", ""
                    self.sections.setdefault(section, []).append(entry)
                entry.add(piece)


def split(text: str) -> list[str]:
    """Comments, preprocessor lines, declarations, and "\\n" for empty lines."""
    pieces, place = [], 0
    while place < len(text):
        if found := re.compile(r"\n\n|\n\Z").match(text, place):
            pieces.append("\n")
            place += 2
        elif text[place] in " \n":
            place += 1
        elif found := re.compile(r'extern "C" \{|\}').match(text, place):
            place = found.end()
        elif found := COMMENT.match(text, place) or MACRO.match(text, place):
            pieces.append(found[0])
            place = found.end()
        else:
            end = declaration_end(text, place)
            pieces.append(text[place:end])
            place = end
    return pieces


def declaration_end(text: str, place: int) -> int:
    depth = 0
    for token in re.compile(r"/\*.*?\*/|[{};]", re.S).finditer(text, place):
        if token[0] == "{":
            depth += 1
        elif token[0] == "}":
            depth -= 1
        elif token[0] == ";" and depth == 0:
            return token.end()
    raise SystemExit("periodic.h: a declaration does not end")
