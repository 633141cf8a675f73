"""The options of a server have one table: docs/CONFIGURATION.md is made from it, the header has its fields."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from conftest import BINARY, ROOT
from test_library import build

sys.path.insert(0, str(ROOT / "scripts"))
from periodic_header import Header  # noqa: E402

CONFIGURATION = ROOT / "docs/CONFIGURATION.md"
# What no table of values has: how large the struct is, and where a program's own log is.
OWN = {"size", "log", "log_user", "log_destroy", "identity_length", "token_length"}


def fields(title: str) -> list[str]:
    """The C fields in the table of a section."""
    section = re.search(rf"^## {title}.*?\n\n(.*?)(?=\n\n|\Z)", CONFIGURATION.read_text(), re.S | re.M)[1]
    rows = [line.split(" | ") for line in section.splitlines()[2:]]
    return [row[1].strip("`") for row in rows]


def test_the_document_is_what_the_table_says():
    said = subprocess.run([BINARY, "configuration"], capture_output=True, text=True, check=True).stdout
    assert CONFIGURATION.read_text() == said, "`make configuration` writes it anew"


@pytest.mark.parametrize(
    "title, name",
    [("A server", "periodic_server_options"), ("A client", "periodic_connection_options")],
)
def test_the_header_has_the_fields_of_the_table(title, name):
    (struct,) = [struct for struct in Header().structs if struct.name == name]
    in_header = {field for _, field in struct.fields} - OWN
    assert in_header == set(fields(title)) and len(in_header) >= 3


def test_python_takes_the_fields_of_the_table():
    source = (ROOT / "bindings/python/libperiodic/_server.py").read_text()
    taken = re.search(r"def __init__\((.*?)\) -> None", source, re.S)[1]
    assert set(re.findall(r"^ +(\w+):", taken, re.M)) - {"loop", "log"} == set(fields("A server"))


def test_the_initialiser_has_a_value_for_each_field():
    for struct in Header().structs:
        macro = f"{struct.name.upper()}_INIT"
        if macro in Header().macros:
            text = re.search(rf"#define {macro} \\\n((?:.*\\\n)*.*)\n", (ROOT / "include/periodic.h").read_text())[1]
            assert text.replace("\\", "").count(",") + 1 == len(struct.fields), macro


def test_c_refuses_what_the_daemon_refuses_in_the_same_words(prefix, tmp_path):
    program = build("options", prefix, "-fsanitize=address,undefined")
    result = subprocess.run([program, tmp_path], capture_output=True, text=True, timeout=60)
    assert (result.returncode, result.stderr) == (0, "")
    source = (ROOT / "Tests/integration/options.c").read_text()
    unbounded = {"auth_file", "max_jobs", "max_bytes", "max_function_jobs", "max_function_bytes"}
    unbounded |= {"hook_queue", "hook_drop_log_every"}
    for field in set(fields("A server")) - unbounded:
        assert re.search(rf"REFUSED\(E\w+, \"{field} ", source), f"nothing is said of {field}"
