"""Section 3 of the manual says what include/periodic.h says. It is made when it is installed."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys

import pytest

from conftest import ROOT
from test_library import declared

SCRIPT = ROOT / "scripts/man-pages-c.py"


@pytest.fixture(scope="module")
def manual(tmp_path_factory):
    """The directory above man3."""
    root = tmp_path_factory.mktemp("man")
    subprocess.run([sys.executable, SCRIPT, root / "man3"], check=True)
    return root


def target(manual, name: str) -> str:
    """The text of a page, through its link."""
    text = (manual / f"man3/{name}.3").read_text()
    linked = re.fullmatch(r"\.so (man3/\w+\.3)\n", text)
    return (manual / linked[1]).read_text() if linked else text


def test_every_function_struct_and_enum_has_a_page_that_names_it(manual):
    text = (ROOT / "include/periodic.h").read_text()
    types = set(re.findall(r"^typedef struct (\w+)", text, re.M)) | set(re.findall(r"^enum (\w+) {", text, re.M))
    callbacks = set(re.findall(r"^typedef .*\(\*(\w+)\)", text, re.M))
    names = declared() | types | callbacks | {"libperiodic", "periodic_errors"}
    assert {path.stem for path in (manual / "man3").iterdir()} == names
    for name in names:
        assert name in target(manual, name)


def test_a_function_has_its_prototype_its_threads_and_since_when(manual):
    for name in declared():
        page = target(manual, name)
        shown = re.sub(r"\\f[BIR]|\n *", " ", page.split(".SH SYNOPSIS")[1].split(".SH")[0])
        assert re.search(rf"\b{name} ?\([^()]*\);", shown), name
        for title in ("NAME", "SYNOPSIS", "THREADS", "SINCE", '"SEE ALSO"'):
            assert f".SH {title}\n".replace('"', "") in page.replace('"', ""), (name, title)
        assert '.SH "DESCRIPTION"' in page, name


def test_a_comments_sentences_are_all_on_its_page(manual):
    """Of each kind of part: paragraphs, a table of results, a section's own comment, a field's."""
    for name, sentences in {
        "periodic_loop_new": ["Makes a loop. It makes no thread.", "when the system gives no descriptor."],
        "periodic_request_next": ["a part is in \\fIdata\\fR", "After the end it returns the end again."],
        "periodic_client_ping": ["Asks for a sign of life.", "not known; a submit can be repeated safely"],
        "periodic_server_options": ["on stable storage before the reply", "only name and time are in memory"],
    }.items():
        for sentence in sentences:
            assert sentence in target(manual, name), (name, sentence)
    returned = target(manual, "periodic_loop_new").split('.SH "RETURN VALUE"')[1].split(".SH")[0]
    assert "PERIODIC_EINVAL" in returned
    assert "\\fBPERIODIC_EINVAL\\fR (\\-22)\nAn argument is not valid." in target(manual, "periodic_errors")


def test_the_errors_of_a_function_are_those_of_the_list_with_their_causes(manual):
    errors = target(manual, "periodic_loop_step").split('.SH "ERRORS"')[1].split(".SH")[0]
    causes = ["\\fIloop\\fR is NULL", "\\fIloop\\fR is freed, or stands for no loop", "\\fImax\\fR is below \\-1"]
    assert f"\\fBPERIODIC_EINVAL\\fR\n{'; or '.join(causes)}.\n" in errors
    assert "PERIODIC_ENOWORKER" not in errors


def test_what_a_page_refers_to_is_there(manual):
    for path in (manual / "man3").iterdir():
        for name in re.findall(r"\\fB(\w+)\\fR\(3\)", path.read_text()):
            assert (manual / f"man3/{name}.3").exists(), (path.name, name)


def test_the_pages_are_well_formed(manual):
    for path in (manual / "man3").iterdir():
        run = subprocess.run(
            ["groff", "-man", "-Tutf8", "-ww", "-z", path], capture_output=True, cwd=manual
        )
        assert run.returncode == 0 and run.stderr == b"", path


def test_whatis_finds_every_name(manual):
    pages = sorted((manual / "man3").iterdir())
    run = subprocess.run(["lexgrog", *pages], capture_output=True, text=True, cwd=manual)
    assert run.returncode == 0 and "parse failed" not in run.stdout
    for name in declared():
        assert f"{name}.3: \"{name} - " in run.stdout


def test_a_header_that_is_not_understood_is_not_passed_over(tmp_path):
    tree = tmp_path / "tree"
    (tree / "include").mkdir(parents=True)
    shutil.copytree(ROOT / "scripts", tree / "scripts")
    (tree / "docs").mkdir()
    shutil.copy(ROOT / "docs/errors.md", tree / "docs")
    text = (ROOT / "include/periodic.h").read_text()
    (tree / "include/periodic.h").write_text(text.replace("PERIODIC_API int periodic_loop_fd", "int periodic_loop_fd"))
    run = subprocess.run(
        [sys.executable, tree / "scripts/man-pages-c.py", tmp_path / "man3"], capture_output=True, text=True
    )
    assert run.returncode != 0 and "periodic_loop_fd" in run.stderr
