"""What is aimed at, and whether a run reached it."""

from statistics import median

from report import MARK, exponent, flatness, number, slope, spread

# What, section, store, cell, of which server, the figure, and its bound: at least or at most.
RATIOS = [
    ("submit, 64 in flight, of Redis LPUSH", "submit", "memory", "P4 K64", "redis", "rate", ">=", 1.0),
    ("submit, 64 in flight, of beanstalkd", "submit", "memory", "P4 K64", "beanstalkd", "rate", ">=", 6.0),
    ("end to end, 64/64, of Redis LPUSH/BRPOP", "end-to-end", "memory", "K64 G64", "redis", "rate", ">=", 1.0),
    ("end to end, 64/64, of gearmand", "end-to-end", "memory", "K64 G64", "gearmand", "rate", ">=", 1.2),
    ("end to end, 1 in flight, of beanstalkd", "end-to-end", "memory", "K1 G1", "beanstalkd", "rate", ">=", 1.2),
    ("latency p50, of beanstalkd", "latency", "memory", "one idle worker", "beanstalkd", "p50", "<=", 1.1),
    ("latency p99, of beanstalkd", "latency", "memory", "one idle worker", "beanstalkd", "p99", "<=", 1.5),
    ("1 M delayed, of Redis ZADD", "delayed", "memory", "1 M", "redis", "rate", ">=", 1.0),
    ("durable submit, of Redis always", "submit", "durable", "P4 K64", "redis", "rate", ">=", 1.0),
    ("durable end to end, of Redis always", "end-to-end", "durable", "K64 G64", "redis", "rate", ">=", 1.0),
]


def reached(value, bound, limit):
    return value >= limit if bound == ">=" else value <= limit


def row(what, value, bound, limit, text=None, unit=""):
    sign = {">=": "≥", "<=": "≤"}[bound]
    met = None if value is None else reached(value, bound, limit)
    return [f"{what} {sign} {number(limit)}{unit}", text or (number(value) if value is not None else ""), MARK[met]]


def rows(results):
    found = []
    for what, section, store, cell, server, key, bound, limit in RATIOS:
        ratios = results.ratios(key, section, store, cell, server)
        found.append(row(what, median(ratios) if ratios else None, bound, limit, spread(ratios) if ratios else ""))
    return found + memory_rows(results) + growth_rows(results) + ping_rows(results)


def memory_rows(results):
    found = []
    for section, cell in [("delayed", "1 M"), ("delayed-many", "10 M")]:
        what = f"{cell} delayed"
        ours = results.of(section, store="memory", cell=cell, server="periodic")
        text = f"{number(flatness(ours))} (CPU time a job {number(flatness(ours, 'cpu'))})" if ours else ""
        found.append(row(f"{what}, slowest slice of the fastest", flatness(ours) if ours else None, ">=", 0.8, text))
    slopes = [[slope(record) for record in results.of("delayed-many", server=server)]
              for server in ["periodic", "beanstalkd"]]
    ratio = slopes[0][0] / slopes[1][0] if all(slopes) and slopes[1][0] else None
    text = f"{number(ratio)} ({number(slopes[0][0])} B of {number(slopes[1][0])} B)" if ratio else ""
    found.append(row("memory per delayed job, 1 M to 10 M, of beanstalkd", ratio, "<=", 0.7, text))
    idle = results.of("idle")
    worst = max((record["bytes"] for record in idle), default=None)
    found.append(row("an idle connection's bytes", worst, "<=", 10_240))
    share = max((record["share"] for record in idle), default=None)
    text = f"{share * 100:.2f} % of a core" if share is not None else ""
    found.append(row("CPU of 10,000 idle connections", share, "<=", 0.005, text))
    return found


def growth_rows(results):
    found = []
    for what in results.names("growth", "what"):
        # Copying takes time in proportion to a workload's size; nothing else is to grow.
        limit = 1.1 if what == "workload" else 0.15
        records = results.of("growth", what=what)
        found.append(row(f"growth by {what}, exponent", exponent(records), "<=", limit))
    return found


def ping_rows(results):
    found = []
    for store in results.names("ping", "store"):
        for cell in results.names("ping", "cell"):
            at = ("ping", store, cell, "periodic")
            late = results.values("p999", *at).values()
            if cell == "nothing" or not late:
                continue  # What the machine does to anybody's timing.
            idle, used = (results.values(key, *at).values() for key in ["idle_p999", "cpu_p999"])
            text = f"{spread(late, 1e-3)} (of an idle server {spread(idle, 1e-3)}; CPU time {spread(used, 1e-3)})"
            found.append(row(f"PING p99.9 while {cell} ({store})", median(late) / 1000, "<=", 5.0, text, " ms"))
    return found
