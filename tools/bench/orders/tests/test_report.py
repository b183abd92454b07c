"""The report of a run."""

import dataclasses
import json
from pathlib import Path

from tools.bench.orders.figures import FullRound, Round
from tools.bench.orders.machine import Machine, this_machine
from tools.bench.orders.report import Report, write
from tools.bench.orders.run import Measured, Options, Profile

MACHINE = Machine("tools/bazel run //tools/bench/orders", "0123456789ab", "A CPU, 2 CPUs", "3.13")
STACK = [("/x/site-packages/fastapi/routing.py", "app")]


def test_the_report_has_medians_with_their_ranges_and_how_much_the_plain_version_takes() -> None:
    text = _report().markdown()

    assert "| CPU of order_api, ms | 0.50 (0.40-0.70) | 1.50 (1.40-1.70) | 3.0 |" in text
    assert "| latency p99, ms | 50.0 (40.0-70.0) | 150.0 (140.0-170.0) | 3.0 |" in text
    assert "| orders | 300 | 300 | |" in text
    assert "40 orders a second, all found in the tables afterwards." in text
    assert "Where the CPU time" not in text


def test_the_report_has_a_table_of_its_own_for_full_load() -> None:
    text = (
        _report().markdown().partition("## At full load, with a database that answers at once")[2]
    )

    assert (
        "| CPU of order_processor, ms | 0.500 (0.400-0.700) | 1.500 (1.400-1.700) | 3.0 |" in text
    )
    assert "| orders a second | 1000 (800-1400) | 3000 (2800-3400) | 3.0 |" in text
    assert "| both services, % of a CPU | 95 (95-95) | 95 (95-95) |  |" in text
    assert "| orders | 3000 | 3000 | |" in text
    assert "latency" not in text
    assert "Not at full load" not in text


def test_services_that_had_cpu_time_left_were_not_at_full_load() -> None:
    report = _report()
    full = report.measured.full_load
    full["plain"] = [dataclasses.replace(each, busy_percent=79) for each in full["plain"]]

    assert "**Not at full load: plain.**" in report.markdown()


def test_a_run_that_ended_after_its_first_part_is_reported_too() -> None:
    report = _report()
    report.measured.full_load.clear()
    report.measured.problems.append("500 Internal Server Error")

    assert "full load" not in report.markdown()
    assert "found in the tables" not in report.markdown()
    assert report.data()["full_load"] == {"median": {}, "rounds": {}}


def test_a_profile_is_part_of_the_report() -> None:
    text = _report(Profile("order_api", 0.5, [(10, STACK)])).markdown()

    assert "| framework: FastAPI and Starlette | 100.0 | 500 |" in text
    assert "| fastapi/routing.py: app | 100.0 | 500 |" in text


def test_the_files_hold_the_report_and_every_round(tmp_path: Path) -> None:
    write(_report(), tmp_path / "new")

    data = json.loads((tmp_path / "new" / "results.json").read_text())
    fixed, full = data["fixed_rate"], data["full_load"]
    assert "# What an order costs" in (tmp_path / "new" / "RESULTS.md").read_text()
    assert [0.4, 0.5, 0.7] == [each["cpu_ms"]["order_api"] for each in fixed["rounds"]["platform"]]
    assert fixed["median"]["plain"]["cpu_ms"]["order_api"] == 1.5
    assert [800, 1000, 1400] == [each["rate"] for each in full["rounds"]["platform"]]
    assert full["median"]["plain"]["rate"] == 3000


def test_the_command_is_told_without_the_folder_of_its_results() -> None:
    machine = this_machine(
        "//tools/bench/orders", ["--rate", "50", "--output", "/somewhere", "--profile"]
    )

    assert machine.command == "tools/bazel run //tools/bench/orders -- --rate 50 --profile"


def _report(profile: Profile | None = None) -> Report:
    rounds = {
        name: [_round(more + each) for each in (0.4, 0.7, 0.5)]
        for name, more in (("platform", 0.0), ("plain", 1.0))
    }
    for name in rounds:
        rounds[name].sort(key=lambda each: each.p50_ms)
    full = {
        name: [_full_round(each.cpu_ms["order_api"]) for each in rounds[name]] for name in rounds
    }
    return Report(MACHINE, Options(), Measured(rounds, full, profile))


def _full_round(cpu_ms: float) -> FullRound:
    return FullRound(
        orders=1000,
        rate=cpu_ms * 2000,
        errors=0,
        cpu_ms={"order_api": cpu_ms, "order_processor": cpu_ms},
        busy_percent=95,
    )


def _round(cpu_ms: float) -> Round:
    return Round(
        orders=100,
        rate=100,
        errors=0,
        p50_ms=cpu_ms * 10,
        p95_ms=cpu_ms * 50,
        p99_ms=cpu_ms * 100,
        late_p99_ms=1,
        cpu_ms={"order_api": cpu_ms, "order_processor": cpu_ms},
        rss_mb={"order_api": 80, "order_processor": 80},
    )
