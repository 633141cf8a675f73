"""What is measured side by side: each workload is a list of records, one for each server and round."""

import mmap
import re
import subprocess
import time

from servers import KINDS, Server, program

RIVALS = {
    "memory": ["periodic", "redis", "beanstalkd", "periodic-tcp", "gearmand"],
    "durable": ["periodic", "redis", "beanstalkd", "periodic-tcp", "gearmand"],
}
SUBMITS = [(1, 1), (4, 1), (16, 1), (4, 64)]
END_TO_END = [(1, 1), (1, 64), (64, 1), (64, 64)]


class Plan:
    """How long everything takes, and where what was found goes."""

    def __init__(self, rounds, scale, note):
        self.rounds, self.scale, self.note = rounds, scale, note
        self.records, self.failures = [], []

    def count(self, number):
        return max(1000, int(number * self.scale))

    def add(self, section, store, cell, server, number, found):
        record = {"section": section, "store": store, "cell": cell, "server": server, "round": number}
        self.records.append({**record, **found})
        rate = f"{found['rate']:,.0f}/s" if "rate" in found else ""
        p50 = f"p50 {found['p50']:.0f} us" if "p50" in found else ""
        self.note(f"{section}, {store}, {cell}, round {number}, {server}: {rate}{p50}")

    def alternate(self, section, store, cells, names, measure):
        """Each round measures every cell with every server; who comes first in one comes later in the next."""
        for number in range(1, self.rounds + 1):
            for cell, options in cells.items():
                for place in range(len(names)):
                    name = names[(place + number) % len(names)]
                    if options.get("grabs", 1) > 1 and KINDS[name][0] == "beanstalkd":
                        continue  # It has one reserve a connection.
                    try:
                        with Server(name, store) as server:
                            found = measure(server, options)
                    except RuntimeError as error:
                        # Another one's failure is told, and does not end an hour of measuring.
                        if KINDS[name][0] == "periodic":
                            raise
                        self.failures.append(f"{section}, {store}, {cell}, round {number}: {error}")
                        continue
                    self.add(section, store, cell, name, number, found)

    def names(self, store):
        return RIVALS[store] + (["other"] if "other" in KINDS else [])


def submit(plan):
    for store in RIVALS:
        cells = {f"P{p} K{k}": {"producers": p, "window": k} for p, k in SUBMITS}
        names = plan.names(store) + (["echo"] if store == "memory" else [])
        plan.alternate("submit", store, cells, names, lambda server, options: measure_rate(plan, server, options))


def end_to_end(plan):
    for store in RIVALS:
        cells = {f"K{k} G{g}": {"workers": 4, "window": k, "grabs": g} for k, g in END_TO_END}
        plan.alternate("end-to-end", store, cells, plan.names(store),
                       lambda server, options: measure_rate(plan, server, options))


def measure_rate(plan, server, options):
    """At most so many jobs, or a second and a half."""
    jobs = plan.count(100_000 if options["window"] == 1 else 1_000_000)
    return server.ask("run", jobs=jobs, warm_up=jobs // 20, milliseconds=int(1500 * max(0.2, plan.scale)), **options)


def latency(plan):
    for store in RIVALS:
        plan.alternate("latency", store, {"one idle worker": {}}, plan.names(store), lambda server, _: server.ask(
            "latency", jobs=plan.count(10_000), milliseconds=int(15_000 * plan.scale)))


def delayed(plan):
    """Jobs an hour ahead; those who sync for each job have three seconds for each of ten slices."""
    def slices(server, options):
        return server.ask("slices", jobs=plan.count(1_000_000), warm_up=plan.count(10_000), ahead=3600, **options,
                          milliseconds=600_000 if server.store == "memory" else int(3000 * plan.scale))

    ahead, scattered = {"1 M": {}}, {"1 M scattered": {"scattered": 1}}
    for store in RIVALS:
        cells = ahead | scattered if store == "memory" else ahead
        plan.alternate("delayed", store, cells, plan.names(store), slices)
    # Ours take a second: some rounds more, until each slice has had the machine to itself.
    for number in range(plan.rounds + 1, 8 * plan.rounds + 1):
        for cell, options in (ahead | scattered).items():
            with Server("periodic") as server:
                plan.add("delayed", "memory", cell, "periodic", number, slices(server, options))


def delayed_many(plan):
    """Ten times as many: does memory and speed go on as they began?

    The others take minutes, so one round of them; ours has more, until each slice has had the machine to itself.
    """
    jobs = plan.count(10_000_000)
    for number in range(1, 3 * plan.rounds + 1):
        for name in ["periodic", "redis", "beanstalkd"] if number == 1 else ["periodic"]:
            make_ready(jobs * 300)
            with Server(name) as server:
                plan.add("delayed-many", "memory", "10 M", name, number, server.ask(
                    "slices", jobs=jobs, warm_up=plan.count(10_000), ahead=3600))


def make_ready(size):
    """Has the host of a virtual machine find that much memory, which it may take back where it is free for long."""
    with mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as memory:
        for place in range(0, size, mmap.PAGESIZE):
            memory[place] = 1


def in_process(plan, library, echo):
    """Through the C API, without sockets: microseconds of CPU time a job. `echo` only calls back."""
    jobs = str(plan.count(500_000))
    rows = [("one thread", "echo", [echo, jobs]), ("one thread", "periodic", [library, "one", jobs]),
            ("two threads", "periodic", [library, "two", jobs])]
    for number in range(1, plan.rounds + 1):
        for cell, server, command in rows:
            said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
            cpu, wall = (float(value) / 1000 for value in re.search(r": (\d+) ns CPU, (\d+) ns", said).groups())
            plan.add("in-process", "memory", cell, server, number, {"rate": 1e6 / wall, "cpu": cpu})


def http(plan):
    """GET over sixteen connections by wrk, with jobs of ten functions in the server."""
    kept = {"": [], ", kept connections": ["-H", "Connection: keep-alive"]}
    for number in range(1, plan.rounds + 1):
        for path in ["/periodic/status/", "/periodic/ready"]:
            for manner, header in kept.items():
                with Server("periodic-tcp") as server:
                    server.ask("run", jobs=10_000, functions=10, warm_up=0)
                    found = wrk(server, path, header, max(1, int(3 * plan.scale)))
                    plan.add("http", "memory", f"GET {path}{manner}", "periodic", number, found)


def wrk(server, path, header, seconds):
    used = server.cpu()
    command = [program("wrk"), "-t1", "-c16", f"-d{seconds}s", "--latency", *header]
    said = subprocess.run(
        command + [f"http://127.0.0.1:{server.port}{path}"], capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in said:
        raise RuntimeError(said)
    count = int(re.search(r"(\d+) requests in", said).group(1))
    found = {"rate": float(re.search(r"Requests/sec:\s*([\d.]+)", said).group(1)),
             "cpu": (server.cpu() - used) * 1e6 / count}
    for share, key in [("50", "p50"), ("99", "p99")]:
        value, unit = re.search(share + r"%\s+([\d.]+)(us|ms|s)\b", said).groups()
        found[key] = float(value) * {"us": 1, "ms": 1e3, "s": 1e6}[unit]
    return found


def start_up(plan):
    """Seconds from the start of the program until it serves a million jobs of its file."""
    count = plan.count(1_000_000)
    for name, store in [("periodic", "durable"), ("redis", "unsynced"), ("beanstalkd", "unsynced")]:
        with Server(name, store) as server:
            server.ask("slices", jobs=count, ahead=3600)
            for number in range(1, plan.rounds + 1):
                server.stop()
                before = time.monotonic()
                server.start()
                server.await_ready()
                plan.add("start-up", "durable", f"{count:,} jobs", name, number,
                         {"seconds": time.monotonic() - before, "resident": server.resident()})
