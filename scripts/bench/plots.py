"""The pictures: speeds, latencies, delayed jobs, growth, PING. Needs matplotlib."""

from statistics import median

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot  # noqa: E402

COLOURS = {"periodic": "#1b6ca8", "periodic-tcp": "#79b4d9", "redis": "#c0392b", "beanstalkd": "#7d8c3a",
           "gearmand": "#8e6bb0", "echo": "#bbbbbb", "other": "#e0a030"}


def save(figure, path):
    figure.tight_layout()
    figure.savefig(path, dpi=80)
    pyplot.close(figure)


def bars(results, section, path):
    stores = results.names(section, "store")
    figure, axes = pyplot.subplots(1, len(stores), figsize=(6 * len(stores), 3.6), squeeze=False)
    for axis, store in zip(axes[0], stores):
        cells = results.names(section, "cell")
        servers = [name for name in results.names(section, "server") if results.of(section, store=store, server=name)]
        width = 0.8 / max(1, len(servers))
        for place, server in enumerate(servers):
            for index, cell in enumerate(cells):
                values = list(results.values("rate", section, store, cell, server).values())
                if not values:
                    continue
                middle = median(values)
                axis.bar(index + place * width, middle, width, color=COLOURS[server],
                         label=server if index == 0 else None,
                         yerr=[[middle - min(values)], [max(values) - middle]], ecolor="#444444")
        axis.set_xticks([index + 0.4 - width / 2 for index in range(len(cells))], cells)
        axis.set_yscale("log")
        axis.set_title(f"{section}, {store}")
        axis.set_ylabel("jobs/s")
        axis.legend(fontsize=7)
    save(figure, path)


def latency(results, path):
    stores = results.names("latency", "store")
    figure, axes = pyplot.subplots(1, len(stores), figsize=(6 * len(stores), 3.6), squeeze=False)
    for axis, store in zip(axes[0], stores):
        for server in results.names("latency", "server"):
            buckets = {}
            for record in results.of("latency", store=store, server=server):
                for bucket, count in record["histogram"].items():
                    buckets[int(bucket)] = buckets.get(int(bucket), 0) + count
            total, slower = sum(buckets.values()), sum(buckets.values())
            points = []
            for bucket in sorted(buckets):
                points.append((2 ** (bucket / 8), slower / total))
                slower -= buckets[bucket]
            if points:
                axis.step(*zip(*points), where="post", color=COLOURS[server], label=server)
        axis.set_xscale("log")
        axis.set_yscale("log")
        axis.set_xlabel("µs from submit to idle worker")
        axis.set_ylabel("share that is slower")
        axis.set_title(f"latency, {store}")
        axis.legend(fontsize=7)
    save(figure, path)


def delayed(results, section, path):
    figure, (speed, memory) = pyplot.subplots(1, 2, figsize=(12, 3.6))
    for server in results.names(section, "server"):
        cell = results.names(section, "cell")[0]
        records = results.of(section, store="memory", cell=cell, server=server)
        if not records:
            continue
        jobs, total = [], 0
        for part in records[0]["slices"]:
            total += part["jobs"]
            jobs.append(total / 1e6)
        for axis, key, scale in [(speed, "rate", 1e-3), (memory, "resident", 1 / (1 << 20))]:
            values = [median(parts) * scale
                      for parts in zip(*([part[key] for part in record["slices"]] for record in records))]
            axis.plot(jobs, values, "o-", color=COLOURS[server], label=server)
    for axis, label in [(speed, "thousand jobs/s"), (memory, "MiB in memory")]:
        axis.set_xlabel("million jobs an hour ahead")
        axis.set_ylabel(label)
        axis.set_ylim(bottom=0)
        axis.legend(fontsize=7)
    save(figure, path)


def growth(results, path):
    kinds = results.names("growth", "what")
    figure, axes = pyplot.subplots(2, 3, figsize=(12, 6))
    for axis, what in zip(axes.flat, kinds):
        records = [record for record in results.of("growth", what=what) if record["size"] > 0]
        axis.plot([record["size"] for record in records], [record["cpu"] for record in records], "o-",
                  color=COLOURS["periodic"])
        axis.set_xscale("log")
        axis.set_xlabel(what)
        axis.set_ylabel("server CPU µs/job")
        if what == "workload":
            axis.set_yscale("log")
        else:
            axis.set_ylim(bottom=0)
    save(figure, path)


def ping(results, path):
    figure, axis = pyplot.subplots(figsize=(8, 4))
    cells = dict.fromkeys((record["cell"], record["store"]) for record in results.of("ping"))
    names = [f"{cell} ({store})" for cell, store in cells]
    for key, colour in [("max", "#dddddd"), ("p999", "#79b4d9"), ("p99", "#1b6ca8")]:
        late = [median(results.values(key, "ping", store, cell, "periodic").values()) / 1000 for cell, store in cells]
        axis.barh(names, late, color=colour, label=key.replace("p999", "p99.9"))
    axis.axvline(5, color="#c0392b", linewidth=1)
    axis.set_xscale("log")
    axis.set_xlim(left=0.1)
    axis.set_xlabel("ms from a PING's scheduled time to its answer")
    axis.invert_yaxis()
    axis.legend(fontsize=7)
    save(figure, path)


def draw(results, folder):
    for section in ["submit", "end-to-end"]:
        if results.of(section):
            bars(results, section, f"{folder}/{section}.png")
    for section in ["delayed", "delayed-many"]:
        if results.of(section):
            delayed(results, section, f"{folder}/{section}.png")
    for section, picture in [("latency", latency), ("growth", growth), ("ping", ping)]:
        if results.of(section):
            picture(results, f"{folder}/{section}.png")
