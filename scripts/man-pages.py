#!/usr/bin/env python3
"""Writes the man pages from what the programs themselves say of their options.

Usage: scripts/man-pages.py BINARY [DIRECTORY]. The texts below are what --help has no room for.
"""

from __future__ import annotations

import functools
import json
import pathlib
import re
import subprocess
import sys
import tempfile

CONNECTING = ["PERIODIC_PORT", "PERIODIC_CLIENT_NAME", "PERIODIC_CLIENT_TOKEN"]
STATUS = [
    ("0", "Done."),
    ("1", "The server refused, could not be reached, or something failed; the reason is on the standard error."),
    ("2", "Wrong usage."),
]
CHECK_STATUS = [
    ("0", "The file is sound."),
    ("1", "It is damaged, or could not be looked at; a summary is printed in the first case only."),
    ("2", "Wrong usage."),
]
REPAIR_STATUS = [
    ("0", "The new store has all that could be read; what is printed says what could not."),
    ("1", "There is no new store; the reason is on the standard error."),
    ("2", "Wrong usage."),
]
WORKER_STATUS = [
    ("0", "Ended by HUP, TERM or INT; or periodic run has the result."),
    ("1", "It could not begin; or nobody can do the function, or the job of periodic run failed."),
    ("2", "Wrong usage."),
]
SERVER_STATUS = [
    ("0", "Ended by TERM, INT or a client's shutdown."),
    ("1", "It could not serve, or its store failed."),
    ("2", "Wrong usage."),
]
CONTRACT = [
    "With --work-data the program's lines mean: WORKDATA x, a piece of data for whoever listens; "
    "WORKDONE x, the result, after which nothing is read any more. Other lines are collected, and are the "
    "result, joined by line ends, if no WORKDONE comes.",
    "The program and its children are a process group of their own. When its time is over, or it has too "
    "much memory, the group gets TERM, and KILL a while later.",
    "A server that is gone, or refuses the function, is asked again every three seconds at the latest.",
]
SCRIPT = [
    "periodic run -f FUNC --exec CMD reads the lines of a program when it has ended: SCHED_LATER n (or "
    "SCHEDLATER n), run the job again in n seconds; FAIL, the job failed; DONE, nothing. Others are passed "
    "on. FAIL and an exit status other than 0 win.",
]


class Page:
    """What a page has beside the words of its commands."""

    def __init__(self, *commands: str, further=(), examples=(), statuses=STATUS, see=""):
        self.commands = [command.split() for command in commands]
        self.further = further
        self.examples = examples
        self.statuses = statuses
        self.see = see


PAGES = {
    "periodic": Page(
        "periodic",
        examples=[
            "periodic -d -H tcp://127.0.0.1:5000 --store file:jobs.sqlite",
            "periodic submit resize photo -w @photo.jpg",
        ],
        see="periodicd(8)",
    ),
    "periodic-status": Page("periodic status", examples=["periodic status --json"]),
    "periodic-submit": Page(
        "periodic submit", examples=["periodic submit resize photo -w @photo.jpg --later 60"]
    ),
    "periodic-recv": Page("periodic recv", examples=["periodic recv resize photo"], see="periodic-run(1)"),
    "periodic-remove": Page("periodic remove", examples=["periodic remove resize one two"]),
    "periodic-drop": Page("periodic drop", examples=["periodic drop resize"]),
    "periodic-config": Page(
        "periodic config",
        "periodic config get",
        "periodic config set",
        examples=["periodic config get timeout", "periodic config set timeout 900"],
    ),
    "periodic-dump": Page(
        "periodic dump",
        examples=["periodic dump jobs.bin", "periodic dump --format jsonl - | less"],
        see="periodic-load(1), periodic-dump(5)",
    ),
    "periodic-load": Page(
        "periodic load", examples=["periodic load jobs.bin", "periodic load jobs.jsonl --from-line 4097"], see="periodic-dump(1), periodic-dump(5)"
    ),
    "periodic-backup": Page(
        "periodic backup",
        examples=["periodic backup /var/backups/jobs-$(date +%F).sqlite"],
        see="periodic-check(1), periodic-dump(1)",
    ),
    "periodic-check": Page(
        "periodic check",
        examples=["periodic check /var/lib/periodic/jobs.sqlite"],
        statuses=CHECK_STATUS,
        see="periodic-repair(1)",
    ),
    "periodic-repair": Page(
        "periodic repair",
        examples=["periodic repair --salvage jobs.sqlite -o saved.sqlite", "periodic check saved.sqlite"],
        statuses=REPAIR_STATUS,
        see="periodic-check(1)",
    ),
    "periodic-shutdown": Page("periodic shutdown", examples=["periodic shutdown"], see="periodicd(8)"),
    "periodic-ping": Page("periodic ping", examples=["periodic ping"]),
    "periodic-run": Page(
        "periodic-run",
        "periodic run",
        further=SCRIPT + CONTRACT,
        examples=[
            "periodic-run --thread 4 --data thumbnail convert - -resize 200x200 png:-",
            "periodic run -f ls --exec 'ls -l'",
            "periodic run thumbnail photo -w @photo.jpg",
        ],
        statuses=WORKER_STATUS,
        see="periodic-run-pipe(1)",
    ),
    "periodic-run-pipe": Page(
        "periodic-run-pipe",
        further=CONTRACT[1:],
        examples=["periodic-run-pipe --thread 2 translate python3 translate.py"],
        statuses=WORKER_STATUS,
        see="periodic-run(1)",
    ),
    "periodicd": Page(
        "periodic",
        further=[
            "periodicd is periodic -d: it serves in the foreground, with its log on the standard error. "
            "TERM and INT end it when what it has accepted is stored and answered; a second one ends it "
            "at once."
        ],
        examples=["periodicd -H tcp://127.0.0.1:5000 --store file:/var/lib/periodic/jobs.sqlite"],
        statuses=SERVER_STATUS,
    ),
}


def ask(binary: pathlib.Path, command: list[str], question: str) -> str:
    """What a program prints, under the name that the command begins with."""
    with tempfile.TemporaryDirectory() as directory:
        link = pathlib.Path(directory) / command[0]
        link.symlink_to(binary.resolve())
        run = subprocess.run(
            [link, *command[1:], question], capture_output=True, check=True, timeout=30, text=True
        )
    return run.stdout


def described(binary: pathlib.Path, command: list[str]) -> dict:
    """What a command says of itself, with its usage as the lines of --help."""
    said = json.loads(ask(binary, command, "--experimental-dump-help"))["command"]
    usage = ask(binary, command, "--help").split("USAGE: ", 1)[1].split("\n\n", 1)[0]
    said["usage"] = [line.strip() for line in usage.splitlines()]
    return said


def roff(text: str) -> str:
    """Text as roff takes it: nothing in it is a request or an escape."""
    text = " ".join(text.split()).replace("\\", "\\e").replace("-", "\\-")
    return "\\&" + text if text[:1] in ".'" else text


def paragraphs(text: str) -> list[str]:
    return [" ".join(part.split()) for part in text.split("\n\n") if part.strip()]


def dashed(name: dict) -> str:
    return ("--" if name["kind"] == "long" else "-") + name["name"]


def option(argument: dict) -> list[str]:
    names = ", ".join(roff(dashed(name)) for name in argument["names"])
    value = f" \\fI{roff(argument['valueName'])}\\fR" if argument["kind"] == "option" else ""
    lines = [".TP", f"\\fB{names}\\fR{value}", roff(argument.get("abstract", ""))]
    if argument.get("discussion"):
        lines.append(roff(argument["discussion"]))
    if argument.get("defaultValue"):
        lines.append(roff(f"Default: {argument['defaultValue']}."))
    return lines


def options(command: dict, title: str) -> list[str]:
    lines = [f".SH {title}"]
    for argument in command.get("arguments", []):
        if argument["kind"] == "positional" or not argument.get("shouldDisplay", True):
            continue
        lines += option(argument)
    return lines


@functools.cache
def variables(binary: pathlib.Path) -> dict[str, str]:
    """What the program says of each environment variable, in its tables of options."""
    said = ask(binary, ["periodic"], "configuration").split("## Environment variables", 1)[1]
    rows = re.findall(r"^\| `(\w+)` \| (.*) \|$", said, re.M)
    return {name: re.sub(r"`(--[\w-]+)`", r"\1", meaning) for name, meaning in rows}


def environment(name: str, binary: pathlib.Path) -> list[tuple[str, str]]:
    """The variables that a page's program reads, with their meanings."""
    meanings = variables(binary)
    names = list(CONNECTING)
    if name in ("periodic-run", "periodic-run-pipe"):
        names.append("THREAD")
    if name in ("periodic", "periodicd"):
        names += [variable for variable in meanings if variable not in (*names, "THREAD", "TMPDIR")]
    if name == "periodic-dump":
        names.append("TMPDIR")
    return [(variable, meanings[variable]) for variable in names]


def page(name: str, section: int, binary: pathlib.Path) -> str:
    own = PAGES[name]
    said = [described(binary, command) for command in own.commands]
    abstract = "Serve jobs to clients and workers" if name == "periodicd" else said[0].get("abstract", "")
    lines = [f'.TH "{roff(name.upper())}" "{section}" "" "libperiodic" "Periodic"', ".SH NAME"]
    lines += [f"{roff(name)} \\- {roff(abstract.rstrip('.'))}", ".SH SYNOPSIS"]
    for command in said:
        for line in ["periodicd [options]"] if name == "periodicd" else command["usage"]:
            lines += [".nf", f"\\fB{roff(line)}\\fR", ".fi"]
    lines.append(".SH DESCRIPTION")
    texts = [text for command in said for text in paragraphs(command.get("discussion", ""))]
    if name == "periodicd":
        texts = []
    lines += [line for text in [*texts, *own.further] for line in (".PP", roff(text))]
    if name == "periodic":
        lines.append(".SH COMMANDS")
        for sub in said[0]["subcommands"]:
            if sub["commandName"] != "help" and sub.get("shouldDisplay", True):
                lines += [".TP", f"\\fB{roff(sub['commandName'])}\\fR", roff(sub.get("abstract", ""))]
    for command, words in zip(said, own.commands):
        title = "OPTIONS" if len(said) == 1 else f'"OPTIONS OF {roff(" ".join(words).upper())}"'
        lines += options(command, title)
    lines += headed("ENVIRONMENT", environment(name, binary)) + headed("EXIT STATUS", own.statuses)
    lines.append(".SH EXAMPLES")
    for example in own.examples:
        lines += [".PP", ".nf", roff(example), ".fi"]
    see = [part for part in (own.see, "periodic(1)" if name != "periodic" else "") if part]
    lines += [".SH SEE ALSO", roff(", ".join(see))]
    return "\n".join(lines) + "\n"


def headed(title: str, terms) -> list[str]:
    lines = [f".SH {title}"]
    for term, text in terms:
        lines += [".TP", f"\\fB{roff(term)}\\fR", roff(text)]
    return lines


FORMS = r"""The three forms of a file of jobs. \fBperiodic load\fR knows them by their content.
.SH "GENERATION 1 (gen1)"
For each chunk of up to 100 jobs a length in four bytes, the highest first, and so many bytes of JSON:
an object whose list \fIjobs\fR has objects with \fIjob_id\fR, \fIname\fR, \fIfunc\fR, \fIworkload\fR,
\fItimeout\fR, \fIsched_at\fR, \fIrun_at\fR and \fIstatus\fR. It holds text only.
.SH "GENERATION 2 (gen2)"
The number of jobs in eight bytes, and the jobs: function and name with a length byte each, the workload
with a length of four bytes, the due time in eight bytes, and a byte that says what follows: 1 the count,
2 the time limit, 3 both, four bytes each.
.SH "LINES (jsonl)"
A JSON object a line, sorted by the bytes of function, then name: the same jobs are always the same bytes, for
.BR diff (1)
and, with LC_ALL=C on whole lines sorted again,
.BR comm (1).
The keys are \fIfunc\fR, \fIname\fR,
\fIworkload\fR, \fIsched_at\fR, \fItimeout\fR and \fIcount\fR. Bytes that are no UTF\-8 stand in base64, under
\fIfunc_base64\fR, \fIname_base64\fR or \fIworkload_base64\fR. Due times are seconds since 1970, time limits
seconds; a time limit or count of 0 is left out. Empty lines count as lines and are passed over; a key that is
not known is an error. The form has no limit on the number of jobs, and a line can be changed, left out or put
elsewhere: \fBperiodic load\fR needs no order.
"""


def pages(binary: pathlib.Path) -> dict[str, str]:
    """Every page, by its file's name."""
    found = {}
    for name in PAGES:
        section = 8 if name == "periodicd" else 1
        found[f"{name}.{section}"] = page(name, section, binary)
    head = '.TH "PERIODIC\\-DUMP" "5" "" "libperiodic" "Periodic"\n.SH NAME\n'
    head += "periodic\\-dump \\- files of jobs\n.SH DESCRIPTION\n"
    tail = ".SH SEE ALSO\nperiodic\\-dump(1), periodic\\-load(1)\n"
    found["periodic-dump.5"] = head + FORMS + tail
    return found


if __name__ == "__main__":
    directory = pathlib.Path(sys.argv[2] if len(sys.argv) > 2 else "docs/man")
    for file, text in pages(pathlib.Path(sys.argv[1])).items():
        (directory / file).write_text(text)
