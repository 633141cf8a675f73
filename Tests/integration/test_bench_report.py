"""What the benchmark says of its records: ratios round by round, slices, targets."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts/bench"))

import report  # noqa: E402
import targets  # noqa: E402


def record(section, server, number, cell="P4 K64", store="memory", **found):
    return {"section": section, "store": store, "cell": cell, "server": server, "round": number, **found}


def submits(ours, theirs, server="redis"):
    return report.Results(
        [record("submit", "periodic", number, rate=rate) for number, rate in enumerate(ours)]
        + [record("submit", "periodic-tcp", number, rate=rate / 2) for number, rate in enumerate(ours)]
        + [record("submit", server, number, rate=rate) for number, rate in enumerate(theirs)])


def verdict(results, what):
    return next(row for row in targets.rows(results) if row[0].startswith(what))


def test_ratios_are_of_one_round_each():
    # The medians of both sides are equal; the rounds are not.
    results = submits([100, 300, 200], [200, 100, 400])
    assert results.ratios("rate", "submit", "memory", "P4 K64", "redis") == [0.5, 3.0, 0.5]
    assert verdict(results, "submit, 64 in flight, of Redis")[1:] == ["0.500 [0.500, 3.00]", report.MARK[False]]


def test_a_round_that_one_of_both_lacks_does_not_count():
    assert submits([100, 300, 200], [100]).ratios("rate", "submit", "memory", "P4 K64", "redis") == [1.0]


def test_a_server_on_tcp_is_compared_with_ours_on_tcp():
    assert submits([100], [50], "gearmand").ratios("rate", "submit", "memory", "P4 K64", "gearmand") == [1.0]


def test_a_target_is_met_at_its_bound_and_missed_below():
    assert verdict(submits([600], [100], "beanstalkd"), "submit, 64 in flight, of beanstalkd")[2] == report.MARK[True]
    assert verdict(submits([599], [100], "beanstalkd"), "submit, 64 in flight, of beanstalkd")[2] == report.MARK[False]


def test_what_was_not_measured_is_neither():
    rows = targets.rows(report.Results([]))
    assert rows and all(row[2] == report.MARK[None] for row in rows)


def sliced(server, bytes_a_job, rates=(100, 100, 100), number=1):
    slices = [{"jobs": 1000, "rate": rate, "cpu": 1.0, "resident": 5_000_000 + (place + 1) * 1000 * bytes_a_job}
              for place, rate in enumerate(rates)]
    return record("delayed-many", server, number, "10 M", jobs=3000, rate=100, slices=slices)


def test_memory_is_the_slope_and_not_what_a_server_has_anyway():
    results = report.Results([sliced("periodic", 140), sliced("beanstalkd", 200)])
    assert report.slope(results.records[0]) == 140
    assert verdict(results, "memory per delayed job")[2] == report.MARK[True]


@pytest.mark.parametrize("rates, met", [((100, 81, 100), True), ((100, 79, 100), False)])
def test_speed_is_flat_if_no_slice_is_a_fifth_slower_than_another(rates, met):
    results = report.Results([sliced("periodic", 140, rates)])
    assert verdict(results, "10 M delayed, slowest slice")[2] == report.MARK[met]


def test_a_slice_is_as_it_was_in_its_best_round():
    rounds = [sliced("periodic", 140, rates, number) for number, rates in [(1, (100, 60, 90)), (2, (70, 95, 50))]]
    assert report.flatness(rounds) == pytest.approx(0.9)
    assert verdict(report.Results(rounds), "10 M delayed, slowest slice")[2] == report.MARK[True]


def test_growth_begins_where_the_cost_is_least():
    costs = {1: 10.0, 10: 1.0, 1000: 10.0}
    results = report.Results([
        record("growth", "periodic", 1, f"producers {size}", what="producers", size=size, cpu=cpu)
        for size, cpu in costs.items()])
    assert report.exponent(results.records) == pytest.approx(0.5)


@pytest.mark.parametrize("power, met", [(0, True), (0.1, True), (0.5, False)])
def test_growth_is_the_slope_of_the_logarithms(power, met):
    results = report.Results([
        record("growth", "periodic", 1, f"jobs {size}", what="jobs", size=size, cpu=2 * size ** power)
        for size in [1000, 10_000_000]])
    assert report.exponent(results.records) == pytest.approx(power)
    assert verdict(results, "growth by jobs")[2] == report.MARK[met]


def test_a_ping_is_as_late_as_in_the_median_round_in_each_store():
    late = [("memory", 2000), ("memory", 9000), ("memory", 4000), ("durable", 6000)]
    results = report.Results([
        record("ping", "periodic", number, "a dump", store, p999=microseconds, idle_p999=1000,
               cpu_p999=microseconds / 2)
        for number, (store, microseconds) in enumerate(late)])
    assert verdict(results, "PING p99.9 while a dump (memory)")[1:] == [
        "4.00 [2.00, 9.00] (of an idle server 1.00 [1.00, 1.00]; CPU time 2.00 [1.00, 4.50])", report.MARK[True]]
    assert verdict(results, "PING p99.9 while a dump (durable)")[1:] == [
        "6.00 (of an idle server 1.00; CPU time 3.00)", report.MARK[False]]


def test_the_markdown_has_a_table_of_each_section_that_was_measured():
    records = [record("submit", server, 1, rate=rate, cpu=2.0, generator=share)
               for server, rate, share in [("periodic", 2e5, 0.3), ("echo", 1e6, 0.95)]]
    results = report.Results(records)
    text = report.markdown(results, targets.rows(results), ["facts"])
    assert "| P4 K64 | periodic | 200 |  | 2.00 | 0.300 |" in text
    assert "1,000 *" in text and "0.200" in text
    assert "End to end" not in text and "Submit to idle worker" not in text
