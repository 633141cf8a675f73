#!/usr/bin/env python3
"""Cuts the power to a writing store at many moments, and counts what was promised and is gone.

    prove.py STORETOOL always|batch|off [--cuts N] [--batches N] [--seed N]

Runs `storetool write` with its calls recorded, makes what each cut leaves, opens it with
`storetool list`, and compares: every batch that was said to be durable before the cut must be
there, batches must be whole and none may be missing before another, and the file must open. In the
mode `batch`, where syncs come late, a batch is said to be durable when it has been synced. Prints
one line, `cuts N violations M`, and what was wrong with the first.
"""

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile

import replay

HERE = os.path.dirname(os.path.abspath(__file__))


def record(tool, mode, batches, scratch):
    """Lets the store write, and returns the records and the promises: (batch, moment)."""
    library, log = os.path.join(scratch, "powercut.so"), os.path.join(scratch, "log")
    source = os.path.join(HERE, "powercut.c")
    subprocess.run(["cc", "-O1", "-shared", "-fPIC", "-o", library, source], check=True)
    data = os.path.join(scratch, "data")
    os.mkdir(data)
    environment = dict(os.environ, POWERCUT_DIR=data, POWERCUT_LOG=log, LD_PRELOAD=library)
    command = [tool, "write", os.path.join(data, "jobs.db"), mode, str(batches)]
    output = subprocess.run(
        command, env=environment, check=True, stdout=subprocess.PIPE, text=True
    ).stdout
    promises = [tuple(map(int, line.split())) for line in output.splitlines()]
    wanted = list(range(5, batches + 1, 5)) if mode == "batch" else list(range(1, batches + 1))
    if [batch for batch, _ in promises] != wanted:
        sys.exit(f"the writer promised {len(promises)} of {len(wanted)} batches")
    return replay.read_log(log), promises


def violation(tool, directory, promised):
    """What is wrong with the files of a cut, or None."""
    path = os.path.join(directory, "jobs.db")
    found = subprocess.run([tool, "list", path], stdout=subprocess.PIPE, text=True)
    if found.returncode != 0:
        return found.stdout.strip()
    ids = [int(line) for line in found.stdout.split()]
    last = ids[-1] if ids else 0
    if last < promised:
        return f"batch {promised} was promised, {last} is the last"
    if ids != list(range(max(1, last - 19), last + 1)):
        return f"the batches are not whole: {ids}"
    return None


def cut_points(records, cuts, seed):
    """Every moment of the beginning, where the file is made; then moments just before a sync ends,
    when most is at stake, and any others."""
    chance = random.Random(seed)
    points = list(range(0, min(len(records), cuts // 4)))
    syncs = [i for i, record in enumerate(records) if record.operation == replay.SYNC_END]
    while len(points) < cuts:
        if syncs and len(points) % 2:
            points.append(chance.choice(syncs))
        else:
            points.append(chance.randrange(len(records) + 1))
    return sorted(points)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tool")
    parser.add_argument("mode", choices=["always", "batch", "off"])
    parser.add_argument("--cuts", type=int, default=150)
    parser.add_argument("--batches", type=int, default=120)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        records, promises = record(options.tool, options.mode, options.batches, scratch)
        disk, first, violations = replay.Disk(), None, 0
        points = cut_points(records, options.cuts, options.seed)
        for index, point in enumerate(points):
            while disk.number < point:
                disk.take(records[disk.number])
            moment = records[point - 1].time if point > 0 else 0
            promised = max([batch for batch, time in promises if time <= moment], default=0)
            out = os.path.join(scratch, "cut")
            replay.write_files(disk.after_cut("random", options.seed * 1000 + index), out)
            wrong = violation(options.tool, out, promised)
            shutil.rmtree(out)
            if wrong:
                violations += 1
                first = first or f"record {point} of {len(records)}: {wrong}"
        print(f"cuts {len(points)} violations {violations}")
        if first:
            print(first)


if __name__ == "__main__":
    main()
