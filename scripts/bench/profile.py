#!/usr/bin/env python3
"""Where the daemon's instructions for a job go, by callgrind: from submit to done over a Unix socket, in memory.

The slope between two numbers of jobs, so what a start takes is not in it. One column for each daemon that is
named, the one of .build/release if none is. Usage: scripts/bench/profile.py [DAEMON ...]
"""

import collections
import os
import re
import shutil
import subprocess
import sys
import tempfile

from servers import DAEMON, add_other, Server

FEW, MANY = 20_000, 120_000

# The first that matches a function's name has it.
ROOMS = [
    ("checksums", r"^fold$|crc32|CRC32"),
    ("engine", r"^\$s14PeriodicEngine"),
    ("wire", r"^\$s12PeriodicWire"),
    ("server", r"^\$s(14PeriodicServer|8periodic)"),
    ("loop", r"^\$s(12PeriodicLoop|15PeriodicRuntime)|^uv_"),
    ("store", r"^\$s(13PeriodicStore|19PeriodicStoreSQLite)|^sqlite3"),
    ("tables, buffers, hashes", r"^\$s12PeriodicCore"),
    ("Swift's runtime: reference counts", r"swift_(retain|release|bridgeObject|isUniquely)|RefCount"),
    ("Swift's runtime: checks of exclusive access", r"AccessSet|SwiftTLSContext|tls_get_addr|swift_(begin|end)Access"),
    ("Swift's runtime, the rest", r"swift"),
    ("Swift's library: arrays, sets, dictionaries, data", r"^\$[sS]"),
    ("allocator", r"malloc|calloc|realloc|free|memalign|arena"),
    ("copies and comparisons of memory", r"mem(cpy|move|set|cmp|chr)"),
]
REST = "the rest of libc, and libuv"


def room(function):
    return next((name for name, pattern in ROOMS if re.search(pattern, function)), REST)


def counts(path):
    """Instructions of each room, of a callgrind file: a function's own lines, not those of what it calls."""
    names, found, current, calls = {}, collections.Counter(), None, False
    with open(path) as lines:
        for line in lines:
            if line.startswith("fn="):
                number, _, name = line[3:].strip().partition(" ")
                if name:
                    names[number] = room(name)
                current = names[number]
            elif line.startswith("cfn="):
                number, _, name = line[4:].strip().partition(" ")
                if name:
                    names[number] = room(name)
            elif line.startswith("calls="):
                calls = True
            elif line[:1].isdigit() or line[:1] in "+-*":
                if not calls and current:
                    found[current] += int(line.split()[1])
                calls = False
    return found


def run(daemon, home, jobs):
    # Valgrind cannot read what the Swift compiler says for debuggers.
    stripped, profile = f"{home}/daemon", f"{home}/profile"
    subprocess.run(["strip", "-g", "-o", stripped, daemon], check=True)
    add_other(stripped)
    command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={profile}"]
    with Server("other", priority=command) as server:
        server.ask("run", jobs=jobs, producers=4, workers=4, window=64, grabs=64, warm_up=0)
        server.stop()
    return counts(profile)


def main(daemons):
    os.environ["SWIFT_DETERMINISTIC_HASHING"] = "1"
    home = tempfile.mkdtemp(prefix="profile-")
    try:
        columns = []
        for daemon in daemons:
            few, many = run(daemon, home, FEW), run(daemon, home, MANY)
            columns.append({name: (many[name] - few[name]) / (MANY - FEW) for name in many})
    finally:
        shutil.rmtree(home)
    print("| instructions a job | " + " | ".join(daemons) + " |\n" + "|---" * (1 + len(daemons)) + "|")
    names = {name for column in columns for name in column if column[name] >= 0.5}
    for name in sorted(names, key=lambda name: -columns[0].get(name, 0)):
        print(f"| {name} | " + " | ".join(f"{column.get(name, 0):,.0f}" for column in columns) + " |")
    print("| all | " + " | ".join(f"{sum(column.values()):,.0f}" for column in columns) + " |")


if __name__ == "__main__":
    main(sys.argv[1:] or [DAEMON])
