"""The report of a run."""

import json
from pathlib import Path

from tools.bench.orders.figures import Round
from tools.bench.orders.measuring import Measured, Options, Profile
from tools.bench.orders.report import Machine, Report, this_machine, write

MACHINE = Machine("tools/bazel run //tools/bench/orders", "0123456789ab", "A CPU, 2 CPUs", "3.13")
STACK = [("/x/site-packages/fastapi/routing.py", "app")]


def test_the_report_has_medians_with_their_ranges_and_how_much_the_plain_version_takes() -> None:
    text = _report().markdown()

    assert "| CPU of order_api, ms | 0.50 (0.40-0.70) | 1.50 (1.40-1.70) | 3.0 |" in text
    assert "| latency p99, ms | 50.0 (40.0-70.0) | 150.0 (140.0-170.0) | 3.0 |" in text
    assert "| orders | 300 | 300 | |" in text
    assert "Where the CPU time" not in text


def test_a_profile_is_part_of_the_report() -> None:
    text = _report(Profile("order_api", 0.5, [(10, STACK)])).markdown()

    assert "| framework: FastAPI and Starlette | 100.0 | 500 |" in text
    assert "| fastapi/routing.py: app | 100.0 | 500 |" in text


def test_the_files_hold_the_report_and_every_round(tmp_path: Path) -> None:
    write(_report(), tmp_path / "new")

    data = json.loads((tmp_path / "new" / "results.json").read_text())
    assert "# What an order costs" in (tmp_path / "new" / "RESULTS.md").read_text()
    assert [0.4, 0.5, 0.7] == [each["cpu_ms"]["order_api"] for each in data["rounds"]["platform"]]
    assert data["median"]["plain"]["cpu_ms"]["order_api"] == 1.5


def test_the_command_is_told_without_the_folder_of_its_results() -> None:
    machine = this_machine(["--rate", "50", "--output", "/somewhere", "--profile"])

    assert machine.command == "tools/bazel run //tools/bench/orders -- --rate 50 --profile"


def _report(profile: Profile | None = None) -> Report:
    rounds = {
        name: [_round(more + each) for each in (0.4, 0.7, 0.5)]
        for name, more in (("platform", 0.0), ("plain", 1.0))
    }
    for name in rounds:
        rounds[name].sort(key=lambda each: each.p50_ms)
    return Report(MACHINE, Options(), Measured(rounds, profile))


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
