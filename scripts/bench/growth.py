"""What an operation costs our daemon as something grows, and how late it answers while it has much to do."""

import json
import os
import subprocess
import time

from servers import DAEMON, Server

MIB = 1 << 20


def growth(plan):
    for measure in [by_jobs, by_functions, by_connections, by_idle_connections, by_workload]:
        measure(plan)


def add(plan, what, size, found):
    plan.add("growth", "memory", f"{what} {size}", "periodic", 1, {**found, "what": what, "size": size})


def least(server, times, **options):
    """The run with the least CPU time a job: what else the machine does only adds to it."""
    return min((server.ask("run", **options) for _ in range(times)), key=lambda found: found["cpu"])


def by_jobs(plan):
    """Submit to done beside jobs that wait, and the submits of those, from empty to full as often as all else."""
    sizes = [10 ** power for power in range(3, 8) if 10 ** power <= plan.count(10_000_000)]
    runs, submits = ({size: [] for size in sizes} for _ in range(2))
    for _ in range(plan.rounds):
        with Server("periodic") as server:
            have, numbers = 0, 1 << 40
            for size in sizes:
                filled = server.ask("slices", jobs=size - have, ahead=3600, first=have, slices=1)
                have, jobs = size, plan.count(50_000)
                submits[size].append(filled["slices"][0])
                runs[size].append(server.ask("run", jobs=jobs, workers=4, first=numbers))
                numbers += 2 * jobs
    for size in sizes:
        for what, found in [("jobs", runs), ("jobs (submit)", submits)]:
            add(plan, what, size, min(found[size], key=lambda one: one["cpu"]))


def by_functions(plan):
    # A connection has 4,096 functions at most.
    for count in [10 ** power for power in range(6)]:
        if count > plan.count(100_000):
            break
        runs = []
        for _ in range(3):
            with Server("periodic") as server:
                runs.append(server.ask("run", jobs=plan.count(200_000), workers=32, functions=count,
                                       warm_up=max(10_000, count)))
        add(plan, "functions", count, min(runs, key=lambda found: found["cpu"]))


def by_connections(plan):
    """Producers with one job in flight each."""
    for count in [1, 10, 100, 1000, 10_000]:
        if count > plan.count(10_000):
            break
        runs = []
        for _ in range(3):
            with Server("periodic") as server:
                runs.append(server.ask("run", jobs=plan.count(200_000), producers=count, window=1, warm_up=2 * count))
        add(plan, "producers", count, min(runs, key=lambda found: found["cpu"]))


class Idle:
    """Connections that do nothing, kept by a process of their own."""

    def __init__(self, server, count, workers=False):
        command = server.arguments("idle", {"connections": count, "workers": int(workers)})
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if self.process.stdout.readline() != "ready\n":
            raise RuntimeError("idle connections do not come")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.communicate("")


def by_idle_connections(plan):
    for count in [1, 10, 100, 1000, 10_000]:
        if count > plan.count(10_000):
            break
        with Server("periodic") as server, Idle(server, count):
            add(plan, "idle connections", count, least(server, 3, jobs=plan.count(200_000), workers=4))


def by_workload(plan):
    for size in [0, 1 << 10, 16 << 10, 256 << 10, MIB, 4 * MIB, 16 * MIB]:
        jobs = int(min(20_000, max(8, 512 * MIB // max(1, size))) * plan.scale) or 2
        with Server("periodic") as server:
            found = least(server, 2, jobs=jobs, producers=1, workers=1, window=1, grabs=1, payload=size, warm_up=1)
            add(plan, "workload", size, found)


def idle(plan):
    """Memory of each connection, and CPU time of all of them in five seconds."""
    count = min(10_000, plan.count(10_000))
    for kind in ["clients", "workers"]:
        with Server("periodic") as server:
            before = server.resident()
            with Idle(server, count, kind == "workers"):
                time.sleep(1)
                used, start = server.cpu(), time.monotonic()
                time.sleep(5 * min(1, plan.scale))
                found = {"count": count, "bytes": (server.resident() - before) / count,
                         "share": (server.cpu() - used) / (time.monotonic() - start)}
                plan.add("idle", "memory", f"{count:,} {kind}", "periodic", 1, found)


def allowed(*before):
    """What puts a program before others, where the system allows that."""
    done = subprocess.run([*before, "true"], stderr=subprocess.DEVNULL)
    return list(before) if done.returncode == 0 else []


# A loop comes before all that does not ping. It is not a real-time process: one that works for a second is set
# aside for 50 ms by the kernel. Its other threads are as all else is.
LOOP_FIRST = allowed("nice", "-n", "-20", "chrt", "--reset-on-fork", "--other", "0")
REAL_TIME = allowed("chrt", "--fifo", "1")


class Ping:
    """PING every millisecond while something else happens, until it is over."""

    def __init__(self, server, milliseconds):
        self.process = subprocess.Popen(
            REAL_TIME + server.arguments("ping", {"milliseconds": milliseconds}),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def result(self):
        return json.loads(self.process.communicate("")[0])


def stolen():
    """Seconds for which this machine's processors were taken away by its host, as its kernel counts them."""
    with open("/proc/stat") as times:
        return int(times.readline().split()[8]) / os.sysconf("SC_CLK_TCK")


def ping(plan):
    for number in range(1, plan.rounds + 1):
        for store in ["memory", "durable"]:
            ping_with(plan, store, number)


def ping_with(plan, store, number):
    least_time = max(500, int(3000 * plan.scale))
    # The server's lateness counts, not that of whatever else this machine does; how late that makes
    # a server without work shows what is left of it.
    with Server("periodic", store, LOOP_FIRST) as server, Server("periodic", "memory", LOOP_FIRST) as idle:

        def during(what, action):
            asking, beside = Ping(server, least_time), Ping(idle, least_time)
            start, before = time.monotonic(), stolen()
            action()
            seconds = time.monotonic() - start
            found, other = asking.result(), beside.result()
            plan.add("ping", store, what, "periodic", number,
                     {**found, "cpu_p999": found["cpu"]["p999"], "idle_p999": other["p999"],
                      "action_seconds": seconds, "stolen": 1000 * (stolen() - before)})

        def command(*arguments):
            subprocess.run([DAEMON, "-H", f"unix://{server.socket}", *arguments], check=True, capture_output=True)

        during("nothing", lambda: None)
        during("1 M jobs load", lambda: server.ask("slices", jobs=plan.count(1_000_000), ahead=3600, first=10_000))
        during("60 MiB workloads pass", lambda: [server.ask(
            "run", jobs=5, payload=60 * MIB, producers=1, workers=1, window=1, grabs=1, warm_up=0)
            for _ in range(3 if plan.scale >= 1 else 1)])
        during("a dump", lambda: command("dump", f"{server.data}/dump", "--format", "jsonl"))
        os.unlink(f"{server.data}/dump")
        if store == "durable":
            during("a backup", lambda: command("backup", f"{server.data}/copy"))
        during("a function with 1 M jobs is dropped", lambda: server.ask("drop"))
        if store == "durable":
            during("the file gets smaller", lambda: time.sleep(10 * min(1, plan.scale)))
