"""The header against the baselines of docs/abi: what programs rely on stays."""

from __future__ import annotations

import re
import runpy
import subprocess
import sys

import pytest

from conftest import LIBRARY, ROOT

sys.path.insert(0, str(ROOT / "scripts"))
import abi  # noqa: E402
from periodic_header import HEADER, Header  # noqa: E402

TEXT = HEADER.read_text()
END = "#ifdef __cplusplus\n}\n"
LATER = "/* New.\n * Threads: any. Since: 0.2. */\nPERIODIC_API int periodic_new(void);\n\n"


def test_what_programs_rely_on_is_still_there():
    present = set(abi.lines(TEXT))
    for path in sorted(abi.BASELINES.iterdir()):
        gone = [line for line in abi.kept(path) if line not in present]
        assert not gone, (
            f"{path.name}: these went or changed, so programs built before would break; take the change back, "
            "or, if no release has had them, run `make abi BREAK=1`"
        )


def test_what_is_new_is_written_down():
    added = set(abi.lines(TEXT)) - set(abi.kept(abi.baseline(Header())))
    assert not added, "programs will rely on these: `make abi` writes them to docs/abi and periodic.map"


def test_the_version_script_has_the_headers_functions():
    assert abi.MAP.read_text() == abi.version_script(Header()), "`make abi` writes periodic.map anew"


def test_the_library_exports_each_function_in_its_version():
    symbols = subprocess.run(["nm", "-D", "--defined-only", LIBRARY], capture_output=True, text=True).stdout
    exported = set(re.findall(r" T (\w+)@@(\w+\.\d+)$", symbols, re.M))
    header = Header()
    expected = {(each.name, abi.node(entry)) for entry in header.entries for each in entry.functions}
    assert exported == expected


@pytest.mark.parametrize(
    "before, after, gone",
    [
        ("periodic_loop_wake(periodic_loop *loop)", "periodic_loop_awake(periodic_loop *loop)", "periodic_loop_wake("),
        ("_stop(periodic_loop *loop)", "_stop(periodic_loop *loop, int how)", "_stop(periodic_loop *) PERIODIC"),
        ("int64_t wall_ms;", "int32_t wall_ms;", "field periodic_time.wall_ms int64_t"),
        ("  size_t identity_length;\n", "", "field periodic_connection_options.token const void * at 24"),
        ("XX(EIO, -18,", "XX(EIO, -180,", "PERIODIC_EIO = -18"),
        ("(*periodic_destroy_cb)(void *user)", "(*periodic_destroy_cb)(int user)", "periodic_destroy_cb)(void *)"),
        ("PERIODIC_LOG_ERROR = 3", "PERIODIC_LOG_ERROR = 4", "PERIODIC_LOG_ERROR = 3"),
        ("#define PERIODIC_JOB_FIELDS_INIT ", "#define PERIODIC_JOB_INIT ", "macro PERIODIC_JOB_FIELDS_INIT"),
    ],
)
def test_a_change_that_breaks_programs_is_seen(before, after, gone):
    assert before in TEXT
    present = abi.lines(TEXT.replace(before, after))
    assert any(gone in line for line in set(abi.lines(TEXT)) - set(present))


@pytest.mark.parametrize(
    "before, after",
    [
        ("} periodic_server_options;\n", "  uint64_t another;\n} periodic_server_options;\n"),
        ("  PERIODIC_LOG_ERROR = 3\n", "  PERIODIC_LOG_ERROR = 3,\n  PERIODIC_LOG_FATAL = 4\n"),
        (END, LATER + END),
    ],
)
def test_an_addition_breaks_nobody(before, after):
    present = abi.lines(TEXT.replace(before, after))
    assert set(abi.lines(TEXT)) <= set(present)


def test_a_function_of_a_later_release_is_in_a_node_of_its_own():
    script = abi.version_script(Header(TEXT.replace(END, LATER + END)))
    assert script.endswith("PERIODIC_0.2 {\n  global:\n    periodic_new;\n} PERIODIC_0.1;\n")
    assert script.startswith(abi.version_script(Header()))


FORMS = """
/* ---- Forms ---- */

#define PERIODIC_MOST 7

/* What is measured. */
typedef enum periodic_unit { PERIODIC_BYTES, PERIODIC_JOBS = 5, /* not bytes */ PERIODIC_TURNS } periodic_unit;

enum { PERIODIC_ONE = 1, PERIODIC_TWO };

/* Called back. */
typedef int (*periodic_sum_cb)(void *user, int a, int b);

typedef struct periodic_forms {
  char text[PERIODIC_MOST]; /* of a size */
  int (*sum)(void *user, int a);
  periodic_sum_cb other;
} periodic_forms;

/* Takes them.
 * Threads: any. Since: 0.1. */
PERIODIC_API int periodic_take(const periodic_forms *forms, periodic_unit unit) __attribute__((unused));

#ifdef __cplusplus
}
"""


def test_forms_that_the_header_does_not_have_yet_are_understood():
    with_forms = TEXT.replace(END, FORMS.lstrip("\n"))
    added = set(abi.lines(with_forms)) - set(abi.lines(TEXT))
    assert {
        "macro PERIODIC_MOST = 7",
        "enum periodic_unit PERIODIC_BYTES = 0",
        "enum periodic_unit PERIODIC_TURNS = 6",
        "enum constant PERIODIC_TWO = 2",
        "callback int (*periodic_sum_cb)(void *, int, int)",
        "field periodic_forms.text char [PERIODIC_MOST] at 0 size 7",
        "field periodic_forms.sum int (*)(void *user, int a) at 8 size 8",
        "struct periodic_forms size 24",
        "function int periodic_take(const periodic_forms *, periodic_unit) PERIODIC_0.1",
    } <= added
    manual = runpy.run_path(str(ROOT / "scripts/man-pages-c.py"))["pages"](with_forms)
    assert {"periodic_take.3", "periodic_forms.3", "periodic_unit.3", "periodic_sum_cb.3"} <= set(manual)
    assert "PERIODIC_TWO" in manual["libperiodic.3"] and "Called back." in manual["periodic_forms.3"]
