"""Makes, from docs/errors.md, the rows of the program misuse.c: one call for each row that can be seen.

Usage: misuse.py FILE (the rows, misuse_rows.h). The arguments of a call are locals with the parameters' names,
which begin as ARGUMENTS says; a row assigns to them in C.
"""

from __future__ import annotations

import pathlib
import re
import sys
from dataclasses import replace

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))
import error_list  # noqa: E402
from periodic_header import Function, Header  # noqa: E402

# What a parameter begins as: by the function and its name, or by how it is declared, or by its name.
ARGUMENTS = {
    "periodic_limits limits": "out.limits",
    "periodic_limits most": "64",
    "periodic_loop_advance ms": "1",
    "periodic_server_listen address": '"inproc:another"',
    "periodic_server_jobs cursor": "&out.cursor",
    "periodic_client_load list": "LIST",
    "periodic_client_load length": "sizeof LIST - 1",
    "periodic_worker_next_many jobs": "out.jobs",
    "periodic_worker_show_many jobs": "the.jobs",
    "periodic_worker_show_many infos": "the.infos",
    "periodic_worker_done_many jobs": "the.jobs",
    "periodic_worker_report_many reports": "the.reports",
    "periodic_client_submit_many jobs": "the.many",
    "periodic_client_start_submit_many jobs": "the.many",
    "periodic_client_start_load list": "LIST",
    "periodic_client_start_load length": "sizeof LIST - 1",
    "periodic_request_results results": "&out.codes",
    "periodic_request_results count": "&out.count",
    "const periodic_job_fields *job": "&the.fields",
    "periodic_job *job": "the.jobs[0]",
    "const periodic_job *job": "the.jobs[0]",
    "const periodic_allocator *allocator": "&the.allocator",
    "const periodic_server_options *options": "&the.server_options",
    "const periodic_connection_options *options": "&the.connection_options",
    "const void **result": "&out.data",
    "const void **list": "&out.data",
    "const void **data": "&out.data",
    "const void *result": '"r"',
    "const void *data": '"d"',
    "size_t *length": "&out.length",
    "uint32_t *value": "&out.value",
    "address": '"inproc:misuse"',
    "bound": "out.text",
    "buffer": "out.text",
    "callback": "hear",
    "capacity": "1",
    "clock": "tell_time",
    "code": "PERIODIC_EINVAL",
    "count": "2",
    "data_length": "1",
    "delay_s": "0",
    "destroy": "forget_it",
    "function": '"f"',
    "function_length": "1",
    "info": "&the.info",
    "key": '"timeout"',
    "key_length": "7",
    "lock": '"l"',
    "lock_length": "1",
    "max": "-1",
    "most": "3",
    "name": '"a"',
    "name_length": "1",
    "now": "&out.now",
    "random": "any_number",
    "result_length": "1",
    "results": "out.results",
    "seconds": "60",
    "size": "sizeof out.text",
    "slots": "1",
    "start": "&the.start",
    "step": "1",
    "timeout_ms": "5000",
    "user": "NULL",
    "value": "600",
}
OBJECT = re.compile(r"(?:const )?periodic_(loop|server|client|worker|job|request|cursor) (\*+)(\w+)")
# An object of another kind, and what never was a pointer of the library's.
OTHERS = {
    "loop": "server",
    "server": "client",
    "client": "worker",
    "worker": "client",
    "job": "request",
    "request": "cursor",
    "cursor": "loop",
}
GARBAGE = ["(void *)&the", "(void *)UINTPTR_MAX"]
# Their failures have no sentence, even where there is a loop: another thread may be at it.
SILENT = {"periodic_loop_adopt"}


def named(parameter: str) -> str:
    return re.search(r"(\w+)$", parameter)[1]


def argument(function: Function, parameter: str) -> str:
    """What it begins as: an object of the fixture, a place for one, or something of the table."""
    name = named(parameter)
    for key in (f"{function.name} {name}", parameter):
        if key in ARGUMENTS:
            return ARGUMENTS[key]
    if found := OBJECT.fullmatch(parameter):
        return f"the.{found[1]}" if found[2] == "*" else f"&out.{found[1]}"
    return ARGUMENTS[name]


def local(parameter: str) -> str:
    """Its declaration, without the const that would keep a row from changing it."""
    return re.sub(r"^const (?=periodic_)|const (?=\*)", "", parameter)


def expected(code: str) -> tuple[str, str]:
    """The least and the most that may be returned; of a pointer, whether it is there."""
    named_codes = {"n": ("0", "INT_MAX"), "NULL": ("0", "0"), "pointer": ("1", "1"), "MORE": ("PERIODIC_MORE",) * 2}
    if code in named_codes:
        return named_codes[code]
    return (code, code) if code.lstrip("-").isdigit() else (f"PERIODIC_{code}",) * 2


def has_sentence(function: Function, row: error_list.Row) -> bool:
    if not row.code.startswith("E") or row.code in ("ETHREAD", "EFORK") or row.function in SILENT:
        return False
    found = OBJECT.fullmatch(function.parameters[0])
    return found is not None and found[2] == "*" and not any(
        re.match(rf"{found[3]} = (?!the\.)", assignment) for assignment in row.assignments
    )


def frees(function: Function) -> str | None:
    """Which object it frees that the fixture would free at the end."""
    found = re.fullmatch(r"periodic_(loop|server|client|worker)_free", function.name)
    return found[1] if found else None


def c_row(number: int, function: Function, row: error_list.Row) -> tuple[str, str]:
    """The functions of a row, and its line in the table."""
    names = [named(parameter) for parameter in function.parameters]
    begin = [f"  {local(p)} = {argument(function, p)};" for p in function.parameters]
    call = f"{function.name}({', '.join(names)})"
    if "*" in function.result:
        call += " != NULL"
    lines = [f"/* {str(row)} */", f"static long call_{number}(void) {{", "  long returned;", *begin]
    lines += [f"  {assignment};" for assignment in row.assignments] + [f"  returned = {call};"]
    if freed := frees(function):
        lines.append(f"  if (returned == 0) gone({freed});")
    lines += ["  return returned;", "}"]
    first = list(row.before)
    if "server = dead.server" in row.assignments:
        first.append("free_server()")
    before = "NULL"
    if first:
        before = f"before_{number}"
        lines += [f"static void {before}(void) {{", *(f"  {statement};" for statement in first), "}"]
    least, most = expected(row.code)
    told = str(row).replace("\\", "\\\\").replace('"', '\\"')
    loop = "&the.bare" if "loop = the.bare" in row.assignments else "&the.loop"
    if row.function == "periodic_loop_now":
        mark = "mark_otherwise"
    else:
        mark = "mark"
    sentence = int(has_sentence(function, row))
    line = f'{{"{told}", {before}, call_{number}, {row.place.upper()}, {least}, {most}, {loop}, {mark}, {sentence}}},'
    return "\n".join(lines), line


def variants(row: error_list.Row) -> list[error_list.Row]:
    """A row with a freed object is one with each other pointer that stands for none, too."""
    found = re.fullmatch(r"(\w+) = dead\.(\w+)", row.assignments[0]) if row.assignments else None
    if found is None:
        return [row]
    pointers = [f"dead.{found[2]}", f"(void *)the.{OTHERS[found[2]]}", *GARBAGE]
    return [replace(row, assignments=[f"{found[1]} = {pointer}"]) for pointer in pointers]


def rows(text: str | None = None) -> list[tuple[Function, error_list.Row]]:
    """Every row that can be seen, with its function."""
    functions = {function.name: function for function in Header().functions}
    return [
        (functions[row.function], variant)
        for listed in error_list.errors(text).values()
        for row in listed
        if row.place
        for variant in variants(row)
    ]


def program(text: str | None = None) -> str:
    made = [c_row(number, function, row) for number, (function, row) in enumerate(rows(text))]
    table = "\n".join(["static const struct row rows[] = {", *(line for _, line in made), "};"])
    return "\n\n".join([*(functions for functions, _ in made), table]) + "\n"


if __name__ == "__main__":
    pathlib.Path(sys.argv[1]).write_text(program())
