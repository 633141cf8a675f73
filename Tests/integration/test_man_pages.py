"""Man pages and shell completion say what the programs say of themselves."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess

import pytest

from conftest import BINARY, ROOT

PAGES = ROOT / "docs/man"


def load_writer():
    location = ROOT / "scripts/man-pages.py"
    specification = importlib.util.spec_from_file_location("man_pages", location)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


WRITER = load_writer()


def options(text: str) -> set[str]:
    """The option names that begin a line's text, and those after them."""
    names: set[str] = set()
    for line in text.splitlines():
        found = re.match(r"\s*(-{1,2}[A-Za-z][\w-]*(?:, -{1,2}[A-Za-z][\w-]*)*)", line)
        if found:
            names.update(found[1].split(", "))
    return names


def in_help(command: list[str]) -> set[str]:
    said = WRITER.ask(BINARY, command, "--help")
    # Only indented lines are options; the texts before them may name some.
    return options("\n".join(line for line in said.splitlines() if line.startswith("  -")))


@pytest.mark.parametrize("name", sorted(WRITER.PAGES))
def test_a_page_has_the_options_of_its_help(name):
    page = (PAGES / f"{name}.{8 if name == 'periodicd' else 1}").read_text()
    lines = [line[3:] for line in page.splitlines() if line.startswith("\\fB\\-")]
    written = options("\n".join(lines).replace("\\-", "-").replace("\\fR", " "))
    said = set().union(*(in_help(command) for command in WRITER.PAGES[name].commands))
    ask_no_server = "periodic-config", "periodic-check", "periodic-repair"
    assert {"--help", "--host"} <= said or name in ask_no_server
    assert written == said


def test_the_pages_are_as_they_would_be_written_now():
    assert {path.name: path.read_text() for path in PAGES.iterdir()} == WRITER.pages(BINARY), (
        "scripts/man-pages.py .build/debug/periodic-cli writes them anew"
    )


def test_every_command_has_a_page():
    said = WRITER.described(BINARY, ["periodic"])
    shown = [sub for sub in said["subcommands"] if sub.get("shouldDisplay", True)]
    commands = {sub["commandName"] for sub in shown} - {"help"}
    assert commands == {path.stem.removeprefix("periodic-") for path in PAGES.glob("periodic-*.1")} - {"run-pipe"}


@pytest.mark.skipif(shutil.which("groff") is None, reason="no groff")
def test_the_pages_are_well_formed():
    for path in PAGES.iterdir():
        run = subprocess.run(["groff", "-man", "-Tutf8", "-ww", path], capture_output=True)
        assert run.returncode == 0 and run.stderr == b"", path


# What only a script of this shell for this program has; each takes the program's name.
SHELL_SIGNS = {
    "bash": r"^complete .*-F \S+ {}$",
    "zsh": r"^#compdef {}$",
    "fish": r"^complete -c '?{}'? ",
}


@pytest.mark.parametrize("program", ["periodic", "periodic-run", "periodic-run-pipe"])
@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(program, shell, monkeypatch):
    monkeypatch.delenv("SHELL", raising=False)
    script = WRITER.ask(BINARY, [program], f"--generate-completion-script={shell}")
    assert re.search(SHELL_SIGNS[shell].format(program), script, re.MULTILINE)
    for word in ("client-token",) + (("submit", "sched_later") if program == "periodic" else ("lock-name",)):
        assert word in script
    if shutil.which(shell):
        assert subprocess.run([shell, "-n"], input=script.encode()).returncode == 0
