"""What the records say: medians, ratios pair by pair, targets, and all of it as Markdown."""

import math
from statistics import median

MARK = {True: "yes", False: "**no**", None: "not measured"}


SERVERS = ["periodic", "other", "redis", "beanstalkd", "periodic-tcp", "gearmand", "echo"]


class Results:
    def __init__(self, records):
        self.records = records

    def of(self, section, **wanted):
        return [record for record in self.records if record["section"] == section
                and all(record[key] == value for key, value in wanted.items())]

    def names(self, section, key):
        """The values of `key`: servers in the order of SERVERS, others as they come."""
        found = list(dict.fromkeys(record[key] for record in self.of(section)))
        return sorted(found, key=SERVERS.index) if key == "server" else found

    def values(self, key, section, store, cell, server):
        """By round."""
        found = self.of(section, store=store, cell=cell, server=server)
        return {record["round"]: record[key] for record in found if record.get(key) is not None}

    def ratios(self, key, section, store, cell, server):
        """Ours in parts of the other's, round by round; each over the same kind of socket."""
        ours = self.values(key, section, store, cell, counterpart(server))
        theirs = self.values(key, section, store, cell, server)
        return [ours[number] / theirs[number] for number in ours if number in theirs]


def counterpart(server):
    return "periodic-tcp" if server == "gearmand" else "periodic"


def number(value):
    if value == 0:
        return "0"
    places = max(0, 2 - math.floor(math.log10(abs(value))))
    return f"{value:,.{min(places, 3)}f}"


def spread(values, scale=1.0):
    values = [value * scale for value in values]
    if not values:
        return "–"
    if len(values) == 1:
        return number(values[0])
    return f"{number(median(values))} [{number(min(values))}, {number(max(values))}]"


def table(heads, rows):
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    return lines + ["| " + " | ".join(row) + " |" for row in rows] + [""]


def rates(results, section, title):
    """Speed, ratio and cost of each server in each cell."""
    lines = []
    for store in results.names(section, "store"):
        rows = []
        for cell in results.names(section, "cell"):
            for server in results.names(section, "server"):
                at = (section, store, cell, server)
                measured = results.values("rate", *at).values()
                if not measured:
                    continue
                generator = results.values("generator", *at).values()
                is_limited = bool(generator) and median(generator) > 0.9
                rows.append([
                    cell, server, spread(measured, 1e-3) + (" *" if is_limited else ""),
                    "" if server == counterpart(server) else spread(results.ratios("rate", *at)),
                    spread(results.values("cpu", *at).values()), spread(generator)])
        if rows:
            heads = ["", "server", "thousand/s", "ours in parts of it", "server CPU µs/job", "generator's share"]
            lines += [f"### {title}, {store}", ""] + table(heads, rows)
    return lines


def latencies(results):
    lines = []
    for store in results.names("latency", "store"):
        rows = []
        for server in results.names("latency", "server"):
            at = ("latency", store, "one idle worker", server)
            if results.values("p50", *at):
                rows.append([server] + [spread(results.values(key, *at).values()) for key in ["p50", "p99", "p999"]]
                            + ["" if server == counterpart(server) else spread(results.ratios(key, *at))
                               for key in ["p50", "p99"]])
        heads = ["server", "p50 µs", "p99 µs", "p99.9 µs", "ours in parts of its p50", "of its p99"]
        lines += [f"### Submit to idle worker, {store}", ""] + table(heads, rows)
    return lines


def slope(record):
    """Bytes of memory a job from the first slice to the last."""
    slices = record["slices"]
    jobs = sum(part["jobs"] for part in slices[1:])
    return (slices[-1]["resident"] - slices[0]["resident"]) / max(1, jobs)


def slice_medians(records, key):
    return [median(parts) for parts in zip(*([part[key] for part in record["slices"]] for record in records))]


def flatness(records, key="rate"):
    """The slowest slice in parts of the fastest, each as it was in its best round.

    A machine that others use changes its pace by half within one run; in some round each slice has it for itself.
    """
    best = max if key == "rate" else min
    slices = [best(parts) for parts in zip(*([part[key] for part in record["slices"]] for record in records))]
    return min(slices) / max(slices)


def delayed(results, section):
    lines = []
    for store, cell in [(store, cell) for store in results.names(section, "store")
                        for cell in results.names(section, "cell") if results.of(section, store=store, cell=cell)]:
        rows = []
        for server in results.names(section, "server"):
            records = results.of(section, store=store, cell=cell, server=server)
            if not records:
                continue
            slices = slice_medians(records, "rate")
            rows.append([
                server, spread([record["jobs"] for record in records], 1e-6),
                spread([record["rate"] for record in records], 1e-3),
                "" if server == counterpart(server)
                else spread(results.ratios("rate", section, store, cell, server)),
                f"{slices[0] / 1e3:.0f} → {slices[-1] / 1e3:.0f}", number(flatness(records)),
                number(flatness(records, "cpu")), spread([slope(record) for record in records])])
        heads = ["server", "million jobs", "thousand/s", "ours in parts of it", "first → last slice",
                 "slowest/fastest slice", "the same of CPU time", "memory B/job"]
        lines += [f"### Jobs an hour ahead, {cell}, {store}", ""] + table(heads, rows)
    return lines


def exponent(records):
    """How the cost of an operation grows: the slope of log cost over log size, from where it is least to the end."""
    records = [record for record in records if record["size"] > 0]
    if len(records) < 2:
        return 0.0
    first, last = min(records[:-1], key=lambda record: record["cpu"]), records[-1]
    return math.log(last["cpu"] / first["cpu"]) / math.log(last["size"] / first["size"])


def growth(results):
    rows = []
    for what in results.names("growth", "what"):
        records = results.of("growth", what=what)
        costs = ", ".join(f"{record['size']:,}: {number(record['cpu'])}" for record in records)
        rows.append([what, costs, f"{exponent(records):.2f}"])
    return ["### Growth: server CPU µs per job", ""] + table(["of", "size: cost", "exponent"], rows) if rows else []


def others(results):
    lines = []
    if results.of("start-up"):
        rows = [[server, spread(results.values("seconds", "start-up", "durable", cell, server).values()),
                 spread(results.values("resident", "start-up", "durable", cell, server).values(), 1 / (1 << 20))]
                for cell in results.names("start-up", "cell") for server in results.names("start-up", "server")]
        heads = ["server", "seconds until it serves", "MiB in memory"]
        lines += [f"### Start with {results.names('start-up', 'cell')[0]}", ""] + table(heads, rows)
    if results.of("idle"):
        rows = [[record["cell"], number(record["bytes"]), f"{record['share'] * 100:.2f} %"]
                for record in results.of("idle")]
        lines += ["### Idle connections", ""] + table(["", "bytes each", "CPU of all together"], rows)
    if results.of("http"):
        rows = [[cell] + [spread(results.values(key, "http", "memory", cell, "periodic").values(), scale)
                          for key, scale in [("rate", 1e-3), ("cpu", 1), ("p50", 1), ("p99", 1)]]
                for cell in results.names("http", "cell")]
        heads = ["", "thousand/s", "server CPU µs", "p50 µs", "p99 µs"]
        lines += ["### HTTP by wrk, 16 connections", ""] + table(heads, rows)
    if results.of("ping"):
        keys = [("p50", 1e-3), ("p99", 1e-3), ("p999", 1e-3), ("max", 1e-3), ("cpu_p999", 1e-3), ("idle_p999", 1e-3),
                ("action_seconds", 1), ("stolen", 1)]
        rows = [[cell, store, *(spread(results.values(key, "ping", store, cell, "periodic").values(), scale)
                                for key, scale in keys)]
                for store in results.names("ping", "store") for cell in results.names("ping", "cell")
                if results.of("ping", store=store, cell=cell)]
        heads = ["while", "store", "p50 ms", "p99 ms", "p99.9 ms", "worst ms", "its CPU time p99.9 ms",
                 "idle server p99.9 ms", "takes s", "processors taken away, ms"]
        lines += ["### PING every millisecond, from its scheduled time", ""] + table(heads, rows)
    return lines


def markdown(results, target_rows, facts):
    lines = list(facts) + [""]
    lines += ["### Targets", ""] + table(["target", "measured", "met"], target_rows)
    lines += rates(results, "submit", "Submits") + rates(results, "end-to-end", "End to end, 4 producers, 4 workers")
    lines += latencies(results) + (delayed(results, "delayed") if results.of("delayed") else [])
    lines += delayed(results, "delayed-many") if results.of("delayed-many") else []
    lines += rates(results, "in-process", "In one process through the C API") + others(results) + growth(results)
    lines += ["Median [least, most] of the rounds; ratios are taken round by round. * the generator needed more than",
              "0.9 of a core, so the server can do more.", ""]
    return "\n".join(lines)
