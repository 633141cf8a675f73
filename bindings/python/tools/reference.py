"""Writes docs/python-api.md from the package's docstrings and signatures.

    python tools/reference.py [--check]

Reads the sources without importing them, so that it needs no library. With --check nothing is written, and
the exit status is 1 if the file is stale.
"""

from __future__ import annotations

import ast
import pathlib
import re
import sys
from collections.abc import Iterator

HERE = pathlib.Path(__file__).resolve().parent
PACKAGE = HERE.parent / "libperiodic"
OUTPUT = HERE.parents[2] / "docs" / "python-api.md"

HEAD = """# Python: the API

Made by bindings/python/tools/reference.py from the docstrings. The tutorial is in
[bindings/python/README.md](../bindings/python/README.md).
"""
# What stands together, and where it is defined.
CHAPTERS = {
    "Server": ["_server.py:Server", "_values.py:JobInfo"],
    "Clients": [
        "_client.py:Client",
        "_aclient.py:AsyncClient",
        "_values.py:JobRequest",
        "_values.py:FunctionStatus",
        "_streams.py:Run",
        "_streams.py:DataStream",
        "_streams.py:RunStream",
        "_aclient.py:AsyncDataStream",
        "_aclient.py:AsyncRunStream",
    ],
    "Workers": [
        "_worker.py:Worker",
        "_aworker.py:AsyncWorker",
        "_handlers.py:Handlers",
        "_job.py:Job",
        "_job.py:AsyncJob",
        "_job.py:PooledJob",
        "_values.py:Later",
    ],
    "Loop": ["_loop.py:Loop"],
    "Tests": ["testing.py:Sandbox", "testing.py:Clock", "pytest_plugin.py:periodic", "pytest_plugin.py:periodic_clock"],
    "Module": ["_library.py:features", "_library.py:limits"],
    "Errors": ["_values.py:RunError", "errors.py:*"],
}
BASES = {"Handlers", "BaseWorker", "JobFields", "Job", "Handle", "_Started", "DataStream", "AsyncDataStream"}
SHOWN = {"__init__"}


def modules() -> dict[str, ast.Module]:
    return {path.name: ast.parse(path.read_text()) for path in PACKAGE.glob("*.py")}


TREES = modules()
CLASSES = {
    node.name: node
    for tree in TREES.values()
    for node in tree.body
    if isinstance(node, ast.ClassDef)
}


def text(node: ast.AST) -> str:
    """A docstring as Markdown: indented blocks are code."""
    words = ast.get_docstring(node) or ""  # type: ignore[arg-type]
    return re.sub(r"(?m)^((?: {4}.*\n?|\n)+)(?=\S|\Z)", _fenced, words).strip()


def _fenced(found: re.Match[str]) -> str:
    block = found[1]
    if not block.strip():
        return block
    lines = "\n".join(line[4:] for line in block.strip("\n").splitlines())
    return f"\n```python\n{lines}\n```\n\n"


def signature(node: ast.FunctionDef | ast.AsyncFunctionDef, name: str) -> str:
    """How it is called, without self."""
    arguments = ast.unparse(node.args)
    arguments = re.sub(r"^self(, )?|^self$", "", arguments)
    returns = f" -> {ast.unparse(node.returns)}" if node.returns is not None and name[0] != "_" else ""
    prefix = "await " if isinstance(node, ast.AsyncFunctionDef) else ""
    return f"{prefix}{name}({arguments}){returns}"


def members(node: ast.ClassDef) -> Iterator[ast.AST]:
    """What is public in a class, also of bases that are not public themselves."""
    seen = set()
    for owner in [node, *ancestors(node)]:
        for member in owner.body:
            name = getattr(member, "name", None)
            if name and not name.startswith("_") and name not in seen and ast.get_docstring(member):
                seen.add(name)
                yield member


def ancestors(node: ast.ClassDef) -> Iterator[ast.ClassDef]:
    for base in node.bases:
        name = ast.unparse(base)
        if name in BASES and name in CLASSES:
            yield CLASSES[name]
            yield from ancestors(CLASSES[name])


def class_lines(node: ast.ClassDef) -> Iterator[str]:
    made = next((member for member in node.body if getattr(member, "name", "") == "__init__"), None)
    head = signature(made, node.name) if made is not None else node.name
    yield f"### {node.name}\n\n```python\n{head.replace(' -> None', '')}\n```\n\n{text(node)}\n"
    for name, words in fields(node):
        yield f"- `{name}`: {words}\n" if words else f"- `{name}`\n"
    for member in members(node):
        if isinstance(member, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield from function_lines(member)


def fields(node: ast.ClassDef) -> Iterator[tuple[str, str]]:
    """Attributes that are declared in the class's body, with the string after each."""
    for owner in [node, *ancestors(node)]:
        for member, after in zip(owner.body, [*owner.body[1:], None]):
            if not isinstance(member, ast.AnnAssign) or ast.unparse(member.target).startswith("_"):
                continue
            words = ""
            if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
                words = " ".join(str(after.value.value).split())
            yield f"{ast.unparse(member.target)}: {ast.unparse(member.annotation)}", words


def function_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[str]:
    marks = [ast.unparse(mark) for mark in node.decorator_list]
    if "property" in marks:
        head = f"{node.name}: {ast.unparse(node.returns)}" if node.returns else node.name
    else:
        head = signature(node, node.name)
    yield f"#### `{head}`\n\n{text(node)}\n"


def error_lines(tree: ast.Module) -> Iterator[str]:
    yield "| exception | also a | code | name | when |\n| --- | --- | --- | --- | --- |"
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            values = {
                ast.unparse(one.targets[0]): ast.literal_eval(one.value)
                for one in node.body
                if isinstance(one, ast.Assign)
            }
            bases = [ast.unparse(base) for base in node.bases if ast.unparse(base) != "PeriodicError"]
            code, name = values["code"], values["name"]
            yield f"| `{node.name}` | {', '.join(bases)} | {code} | {name} | {ast.get_docstring(node)} |"
    yield ""


def reference() -> str:
    lines = [HEAD]
    for title, entries in CHAPTERS.items():
        lines.append(f"## {title}\n")
        for entry in entries:
            module, name = entry.split(":")
            if name == "*":
                lines += error_lines(TREES[module])
                continue
            node = next(one for one in TREES[module].body if getattr(one, "name", "") == name)
            lines += class_lines(node) if isinstance(node, ast.ClassDef) else function_lines(node)
    return "\n".join(lines).rstrip() + "\n"


def main() -> None:
    made = reference()
    if "--check" not in sys.argv:
        OUTPUT.write_text(made)
    elif OUTPUT.read_text() != made:
        raise SystemExit(f"{OUTPUT} is stale: run tools/reference.py")


if __name__ == "__main__":
    main()
