#!/usr/bin/env python3
"""Writes the man pages of section 3 from the comments of include/periodic.h, and docs/errors.md for ERRORS.

Usage: scripts/man-pages-c.py DIRECTORY. One page for each function, struct and enum, and the pages
libperiodic(3) and periodic_errors(3); further names of a page are files that refer to it.
"""

from __future__ import annotations

import pathlib
import re
import sys

import error_list
from periodic_header import Entry, Function, Header, Struct


def roff(text: str) -> str:
    """Text as roff takes it: nothing in it is a request or an escape; names stand out."""
    text = " ".join(text.split()).replace("\\", "\\e")
    text = re.sub(r"(?<![A-Za-z])-|-(?![A-Za-z])", r"\\-", text)
    text = re.sub(r"`([^`]*)`", r"\\fI\1\\fR", text)
    text = re.sub(r"\b(periodic_\w+)\(\)", r"\\fB\1\\fR(3)", text)
    text = re.sub(r"\b(PERIODIC_[A-Z]\w*)", r"\\fB\1\\fR", text)
    return "\\&" + text if text[:1] in ".'" else text


def bold(text: str) -> str:
    return "\\fB" + text.replace("\\", "\\e").replace("-", "\\-") + "\\fR"


def paragraphs(comment: str) -> list[list[str]]:
    return [part.split("\n") for part in re.split(r"\n\s*\n", comment) if part.strip()]


def prose(lines: list[str]) -> list[str]:
    """A paragraph. Lines that are indented are a table of terms, whose texts stand after a gap."""
    found, words = [], []
    rows: list[list[str]] = []
    for line in lines:
        indented = line.startswith("  ")
        row = re.match(r"^ *(\S.*?)   *(\S.*)$", line)
        if indented and rows and len(line) - len(line.lstrip()) > 4:
            rows[-1][1] += " " + line.strip()
        elif row and (indented or rows):
            rows.append([row[1], row[2]])
        elif indented:
            rows.append([line.strip(), ""])
        elif rows:
            found += table(rows)
            rows, words = [], [line]
        else:
            words.append(line)
        if rows and words:
            found += [".PP", roff(" ".join(words))]
            words = []
    found += table(rows)
    return found + ([".PP", roff(" ".join(words))] if words else [])


def table(rows: list[list[str]]) -> list[str]:
    return [line for term, text in rows for line in (".TP", roff(term), roff(text) or "\\&")]


def headed(title: str, lines: list[str]) -> list[str]:
    return [f'.SH "{title.upper()}"', *lines] if lines else []


class Comment:
    """A function's comment in its parts."""

    def __init__(self, text: str):
        text, self.threads, self.since = self._last_line(text)
        self.description: list[list[str]] = []
        self.returns: list[list[str]] = []
        for lines in paragraphs(text):
            told, returned = self._parted(lines)
            if told:
                self.description.append(told)
            if returned:
                self.returns.append(returned)

    @staticmethod
    def _last_line(text: str) -> tuple[str, str, str]:
        found = re.search(r"\n?Threads: ([^.]*)\. Since: ([\d.]+)\.$", text)
        return (text[: found.start()], found[1], found[2]) if found else (text, "", "")

    @staticmethod
    def _parted(lines: list[str]) -> tuple[list[str], list[str]]:
        """A paragraph up to the sentence that begins with "Returns", and from there."""
        for number, line in enumerate(lines):
            found = re.search(r"(?:^|(?<=\. ))(?:Also returns|Returns)\b", line)
            if found:
                before = lines[:number] + [line[: found.start()].rstrip()]
                return [part for part in before if part], [line[found.start() :], *lines[number + 1 :]]
        return lines, []

    def summary(self) -> str:
        """The first sentence, as far as it goes without a further clause, for NAME."""
        lines = (self.description or self.returns or [["what is declared in periodic.h"]])[0]
        text = re.split(r"\.(?: |$)|[;:] | \(", " ".join(lines))[0].replace("`", "")
        text = text.replace("()", "")
        while len(text) > 70 and ", " in text:
            text = text.rpartition(", ")[0]
        return text if text[1:2].isupper() else text[:1].lower() + text[1:]


class Writer:
    def __init__(self, header: Header):
        self.header = header
        self.users = {name: self._user(name) for name in header.callbacks}
        self.listed = error_list.errors()

    def pages(self) -> dict[str, str]:
        """Every page, by its file's name."""
        found = {"libperiodic.3": self.overview(), "periodic_errors.3": self.errors()}
        links = {"periodic_errno": "periodic_errors"}
        for entry in self.header.entries:
            links |= {name: "libperiodic" for name in entry.opaque}
            if entry.functions:
                first, *others = [function.name for function in entry.functions]
                found[f"{first}.3"] = self.function(entry)
                links |= {name: first for name in others}
            for struct in entry.structs:
                found[f"{struct.name}.3"] = self.struct(entry, struct)
            for name, body in entry.enums.items():
                if name and name not in links:
                    found[f"{name}.3"] = self.enum(entry, name, body)
        links |= self.users
        return found | {f"{name}.3": f".so man3/{page}.3\n" for name, page in links.items()}

    def _user(self, callback: str) -> str:
        """The page that tells about a callback: of the first struct or function that takes it."""
        for entry in self.header.entries:
            kinds = [kind for struct in entry.structs for kind, _ in struct.fields]
            kinds += [part.split()[0] for function in entry.functions for part in function.parameters]
            if callback in kinds:
                return (entry.structs or entry.functions)[0].name
        return "libperiodic"

    @staticmethod
    def summary(entry: Entry) -> str:
        text = Comment(entry.comment).summary()
        if entry.structs and text.startswith("initialise "):
            return words(entry.structs[0].name)
        return text

    def head(self, names: list[str], summary: str) -> list[str]:
        title = f'.TH "{names[0].upper()}" "3" "" "libperiodic {self.header.version}" "Periodic"'
        return [title, ".SH NAME", f"{', '.join(names)} \\- {roff(summary)}"]

    def synopsis(self, declarations: list[list[str]]) -> list[str]:
        lines = [".SH SYNOPSIS", ".nf", bold("#include <periodic.h>")]
        for declaration in declarations:
            lines += [".PP", *declaration]
        return [*lines, ".fi", ".PP", f"Link with {bold('-lperiodic')}."]

    def see(self, text: str, *but: str, also: tuple[str, ...] = ()) -> list[str]:
        named = set(re.findall(r"\bperiodic_\w+", text)) | set(also)
        mine = {function.name for function in self.header.functions}
        mine |= {struct.name for struct in self.header.structs}
        names = [*sorted((named & mine) - set(but)), "periodic_errors", "libperiodic"]
        return headed("See also", [roff(", ".join(f"{bold(n)}(3)" for n in names)).replace("\\e", "\\")])

    def errors_in(self, text: str) -> list[str]:
        lines = []
        for name, _, sentence in self.header.errors:
            if re.search(rf"\bPERIODIC_{name}\b", text):
                lines += [".TP", bold(f"PERIODIC_{name}"), roff(sentence[:1].upper() + sentence[1:] + ".")]
        return lines

    def errors_of(self, names: list[str]) -> list[str]:
        """The codes of functions, each with what brings it."""
        rows = [row for name in names for row in self.listed.get(name, [])]
        lines = []
        for name, _, _ in self.header.errors:
            causes = list(dict.fromkeys(row.when for row in rows if row.code == name))
            if causes:
                text = "; or ".join(causes)
                lines += [".TP", bold(f"PERIODIC_{name}"), roff(text[:1].upper() + text[1:] + ".")]
        return lines

    def function(self, entry: Entry) -> str:
        names = [function.name for function in entry.functions]
        comment = Comment(entry.comment)
        prototypes = "".join(function.text for function in entry.functions)
        taken = [name for name in self.header.callbacks if re.search(rf"\b{name}\b", prototypes)]
        typedefs = [typedef(self.header.callbacks[name]) for name in taken]
        lines = self.head(names, self.summary(entry))
        lines += self.synopsis(typedefs + [prototype(function) for function in entry.functions])
        described = [line for part in comment.description or comment.returns for line in prose(part)]
        lines += headed("Description", described + self.callbacks_told(taken))
        returned = [line for part in comment.returns for line in prose(part)]
        titles = [note_title(note, entry.section) for note in entry.notes]
        if not returned and titles:
            returned = [".PP", f"See {titles[-1].upper()} below."]
        lines += headed("Return value", returned)
        for note, title in zip(entry.notes, titles):
            told = re.sub(r"^\w+\. ", "", note)
            lines += headed(title, [line for part in paragraphs(told) for line in prose(part)])
        lines += headed("Errors", self.errors_of(names))
        threads = comment.threads[:1].upper() + comment.threads[1:]
        where = "; see \\fBlibperiodic\\fR(3)." if "owner" in comment.threads else "."
        lines += headed("Threads", [roff(threads) + where])
        lines += headed("Since", [f"libperiodic {comment.since}."])
        own = "".join(entry.comment) + prototypes
        return "\n".join(lines + self.see(own, *names)) + "\n"

    def struct(self, entry: Entry, struct: Struct) -> str:
        comment = Comment(entry.comment)
        declaration = [bold(f"typedef struct {struct.name} {{")]
        for kind, name in struct.fields:
            declaration.append("    " + bold(joined(kind)) + f"\\fI{name}\\fB;\\fR")
        declaration.append(bold(f"}} {struct.name};"))
        typedefs = [typedef(self.header.callbacks[name]) for name in self._callbacks(struct)]
        lines = self.head([struct.name], self.summary(entry)) + self.synopsis([*typedefs, declaration])
        told = [line for part in comment.description for line in prose(part)]
        lines += headed("Description", told + self.callbacks_told(self._callbacks(struct)))
        fields = []
        for group, said in struct.groups:
            first, *rest = [line for part in paragraphs(said) for line in prose(part)] or [".PP", "\\&"]
            names = ", ".join(f"\\fI{name}\\fR" for _, name in group)
            fields += [".TP", names, *(line if line != ".PP" else ".IP" for line in rest)]
        lines += headed("Fields", fields)
        users = [f.name for f in self.header.functions if re.search(rf"\b{struct.name}\b", f.text)]
        said = entry.comment + "".join(text for _, text in struct.groups)
        lines += headed("Errors", self.errors_in(said))
        return "\n".join(lines + self.see(said, struct.name, also=tuple(users))) + "\n"

    def _callbacks(self, struct: Struct) -> list[str]:
        return [n for n in self.header.callbacks if n in [kind for kind, _ in struct.fields]]

    def callbacks_told(self, names: list[str]) -> list[str]:
        """What the header says of callbacks, each a paragraph."""
        told = [f"`{name}`: {self._said(name)}" for name in names if self._said(name)]
        return [line for text in told for part in paragraphs(text) for line in prose(part)]

    def _said(self, callback: str) -> str:
        return next((e.comment for e in self.header.entries if callback in e.callbacks), "")

    def enum(self, entry: Entry, name: str, body: str) -> str:
        constants = [part.strip() for part in body.split(",") if part.strip()]
        declaration = [bold(f"enum {name} {{"), *("    " + bold(c + ",") for c in constants), bold("};")]
        summary = Comment(entry.comment).summary() if entry.comment else words(name)
        lines = self.head([name], summary) + self.synopsis([declaration])
        lines += headed("Description", [line for part in paragraphs(entry.comment) for line in prose(part)])
        users = [s.name for s in self.header.structs if self._level(s, name)]
        return "\n".join(lines + self.see(entry.comment, also=tuple(users))) + "\n"

    def _level(self, struct: Struct, enum: str) -> bool:
        """Whether a struct has a callback that is given such a value."""
        last = enum.split("_")[-1]
        return any(re.search(rf"\bint {last}\b", self.header.callbacks[n]) for n in self._callbacks(struct))

    def errors(self) -> str:
        lines = self.head(["periodic_errors"], "codes that the functions of libperiodic return")
        lines += self.synopsis([[bold("enum periodic_errno")]])
        told = (
            "0, or `PERIODIC_OK`, is success. The other codes are negative and never change their meaning; "
            "periodic_strerror() gives the sentence of a code, periodic_errname() its name, and "
            "periodic_loop_error() says what was being done to what. `PERIODIC_ERRNO_MAP(XX)` in the header "
            "is the table itself: it expands to `XX(name, number, text)` for each code."
        )
        lines += headed("Description", prose([told]))
        codes = []
        for name, number, sentence in self.header.errors:
            term = bold(f"PERIODIC_{name}") + f" (\\-{-number})"
            codes += [".TP", term, roff(sentence[:1].upper() + sentence[1:] + ".")]
        lines += headed("Errors", codes)
        for entry in self.header.sections["Errors"]:
            if "" in entry.enums:
                term = ", ".join(bold(part.strip()) for part in entry.enums[""].split(","))
                lines += headed("Other results", [".TP", term, roff(entry.comment)])
        found = self.see("periodic_strerror periodic_errname periodic_loop_error")
        return "\n".join(lines + found).replace("\\fBperiodic_errors\\fR(3), ", "") + "\n"

    def overview(self) -> str:
        first, *parts = paragraphs(self.header.overview)
        lines = self.head(["libperiodic"], "task system: server, clients and workers in one library")
        lines += self.synopsis([])
        body, rules = prose(first), []
        for part in parts:
            if re.match(r"^[A-Z][a-z]+   *\S", part[0]):
                rules += contract(part)
            else:
                body += prose(part)
        lines += headed("Description", body) + headed("Rules of every function", rules)
        for section, entries in self.header.sections.items():
            rows = []
            for entry in entries:
                things = entry.functions or entry.structs
                if "" in entry.enums and section != "Errors":
                    names = ", ".join(bold(part.strip()) for part in entry.enums[""].split(","))
                    rows += [".TP", names, roff(entry.comment) or "\\&"]
                if things:
                    names = ", ".join(f"{bold(thing.name)}(3)" for thing in things)
                    summary = self.summary(entry)
                    rows += [".TP", names, roff(summary[:1].upper() + summary[1:] + ".")]
            lines += headed(section, rows)
        lines += headed("Files", [".TP", bold("periodic.h"), "The header, which is the contract.",
                                  ".TP", bold("periodic.pc"), "For \\fBpkg\\-config\\fR(1): \\fIperiodic\\fR.",
                                  ".TP", bold("periodicConfig.cmake"), "For CMake: \\fIperiodic::periodic\\fR."])
        lines += headed("See also", ["\\fBperiodic_errors\\fR(3), \\fBperiodic\\fR(1), \\fBperiodicd\\fR(8)"])
        return "\n".join(lines) + "\n"


def contract(lines: list[str]) -> list[str]:
    """The table of the opening comment: a word, a gap, and text whose lines are indented alike."""
    rows: list[list[str]] = []
    for line in lines:
        found = re.match(r"^([A-Z][a-z]+)   *(\S.*)$", line)
        if found:
            rows.append([found[1], found[2]])
        else:
            rows[-1][1] += " " + line.strip()
    return [line for word, text in rows for line in (".TP", bold(word), roff(text))]


def note_title(note: str, section: str) -> str:
    found = re.match(r"(\w+)\. ", note)
    return found[1] if found else section


def words(name: str) -> str:
    return name.removeprefix("periodic_").replace("_", " ")


def joined(kind: str) -> str:
    return kind if kind.endswith("*") else kind + " "


def prototype(function: Function) -> list[str]:
    return wrapped(f"{joined(function.result.strip())}{function.name}(", function.parameters)


def typedef(text: str) -> list[str]:
    head, inside = re.fullmatch(r"(typedef .*?\)\()(.*)\);", text).groups()
    return wrapped(head, [part.strip() for part in inside.split(",")])


def wrapped(head: str, parameters: list[str]) -> list[str]:
    """A declaration in lines of at most 72 characters, its parameters' names in italics."""
    indent = len(head) if len(head) < 40 else 8
    lines, width = [bold(head)[:-3]], len(head)
    parameters = parameters or ["void"]
    for place, parameter in enumerate(parameters):
        end = "," if place + 1 < len(parameters) else ");"
        extra = len(parameter) + len(end) + 1
        if width + extra > 73 and place > 0:
            lines.append(" " * indent + "\\fB")
            width = indent
        elif place > 0:
            lines[-1] += " "
        kind, name = re.fullmatch(r"(.*?)(\w+)", parameter).groups()
        lines[-1] += f"{kind}\\fI{name}\\fB{end}" if kind else f"{name}{end}"
        width += extra
    return [line + "\\fR" for line in lines]


def pages(text: str | None = None) -> dict[str, str]:
    return Writer(Header(text)).pages()


if __name__ == "__main__":
    directory = pathlib.Path(sys.argv[1])
    directory.mkdir(parents=True, exist_ok=True)
    for file, text in pages().items():
        (directory / file).write_text(text)
