#!/usr/bin/env python3
"""Measures the daemon beside Redis, beanstalkd and gearmand: .build/bench gets results.json, table.md and plots.

Everything is in one file of records; a section that is measured again replaces what it had. The short form has
a directory of its own, .build/bench-quick. BENCH_DIR is a directory on the disk to measure.
usage: run.py [--quick] [--rounds N] [--scale X] [--only SECTION,...] [--other DAEMON] [--library PROGRAM]
              [--echo PROGRAM] [--report]
"""

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import time

import growth
import report
import servers
import targets
import workloads

def sections(library, echo):
    return {
        "submit": workloads.submit, "end-to-end": workloads.end_to_end, "latency": workloads.latency,
        "delayed": workloads.delayed, "delayed-many": workloads.delayed_many,
        "in-process": lambda plan: workloads.in_process(plan, library, echo), "http": workloads.http,
        "start-up": workloads.start_up, "growth": growth.growth, "idle": growth.idle, "ping": growth.ping,
    }


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="one round of a twentieth, in about three minutes")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--scale", type=float, help="jobs and times in parts of the usual")
    parser.add_argument("--only", default="", help=f"some of {', '.join(sections(None, None))}")
    parser.add_argument("--other", help="another build of the daemon, measured as a further server")
    parser.add_argument("--library", default=".build/bench/inproc", help="Tests/cbench/inproc.c, built")
    parser.add_argument("--echo", default=".build/bench/echo", help="Tests/cbench/echo.c, built")
    parser.add_argument("--report", action="store_true", help="only write what results.json says")
    return parser.parse_args()


def version(*command):
    said = subprocess.run(command, capture_output=True, text=True)
    return (said.stdout + said.stderr).strip().split("\n")[0]


def disk():
    return version("stat", "-f", "-c", "%T", servers.DISK)


def facts(runs, disk):
    """What the figures depend on."""
    with open("/proc/cpuinfo") as lines:
        models = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    yield f"{os.cpu_count()} cores ({models[0] if models else platform.machine()}), Linux {platform.release()}, {disk}."
    yield "Redis {}, beanstalkd {}, {}.".format(
        version("redis-server", "--version").split()[2].removeprefix("v="), version("beanstalkd", "-v").split()[-1],
        " ".join(version(servers.program("gearmand"), "--version").split()[:2]))
    if any(run["scale"] < 1 for run in runs.values()):
        yield "Part of this is a short form, which shows that everything works: too short to judge a target by."
    yield ""
    for name, run in runs.items():
        yield f"- {name}: {run['date']}, {run['rounds']} round{'s' * (run['rounds'] > 1)}, scale {run['scale']:g}, load before {run['load']:.1f}."
        yield from (f"  - failed: {failure}" for failure in run.get("failures", []))


def load(path):
    if not os.path.exists(path):
        return {"runs": {}, "records": []}
    with open(path) as file:
        return json.load(file)


def write(found, home):
    """All files from what was found."""
    with open(f"{home}/results.json.new", "w") as file:
        json.dump(found, file, indent=1)
    os.rename(f"{home}/results.json.new", f"{home}/results.json")
    results = report.Results(found["records"])
    text = report.markdown(results, targets.rows(results), list(facts(found["runs"], disk())))
    with open(f"{home}/table.md", "w") as file:
        file.write(text)
    return results, text


def main():
    options = arguments()
    home = ".build/bench-quick" if options.quick else ".build/bench"
    os.makedirs(home, exist_ok=True)
    found = load(f"{home}/results.json")
    if not options.report:
        if disk() in ("tmpfs", "ramfs"):
            raise SystemExit(f"{servers.DISK} is in memory: set BENCH_DIR to a directory on a disk")
        if options.other:
            servers.add_other(options.other)
        # Ten thousand connections, in servers and generator.
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        plan = workloads.Plan(options.rounds or (1 if options.quick else 5),
                              options.scale or (0.05 if options.quick else 1.0),
                              lambda text: print(text, file=sys.stderr, flush=True))
        known = sections(options.library, options.echo)
        wanted = options.only.split(",") if options.only else list(known)
        for name in wanted:
            if name not in known:
                raise SystemExit(f"no section {name}: {', '.join(known)}")
            plan.records, plan.failures = [], []
            run = {"date": time.strftime("%Y-%m-%d %H:%M", time.gmtime()), "load": os.getloadavg()[0],
                   "rounds": plan.rounds, "scale": plan.scale}
            known[name](plan)
            run["failures"] = plan.failures
            found["runs"][name] = run
            found["records"] = [record for record in found["records"] if record["section"] != name] + plan.records
            write(found, home)
    results, text = write(found, home)
    print(text)
    import plots  # Needs matplotlib, which measuring does not.
    plots.draw(results, home)


if __name__ == "__main__":
    main()
