"""Rounds and reports, of two small services whose work is known."""

import asyncio
import json
import math
from pathlib import Path

import pytest

from tools.bench.beside.bench import PLAIN, PLATFORM, Answered, AnswerError, Bench, Case, Side, post
from tools.bench.beside.measuring import Options, Round, Rounds, measure
from tools.bench.beside.report import Report, ratios, write
from tools.bench.beside.run import run
from tools.bench.orders.machine import Machine
from tools.bench.orders.serving import BenchmarkError, plain_service

APP = "tools.bench.beside.tests.burning:app"
MACHINE = Machine("tools/bazel run //somewhere", "0123456789ab", "A CPU, 2 CPUs", "3.13")
OPTIONS = Options(rounds=2, cpu_seconds=0.2)


def same_body(platform: Answered, plain: Answered) -> None:
    """Compare bodies."""
    if platform.body != plain.body:
        raise AnswerError(f"{platform.body!r} is not {plain.body!r}")


def bench(plain_path: str = "/burn", **environment: str) -> Bench:
    """Return a bench in which the platform burns 10 ms of CPU a request and the other one 30."""
    return Bench(
        title="What burning costs",
        target="//somewhere",
        records="records",
        sides={
            PLATFORM: Side(plain_service(APP), {"BURN_MS": "10"}),
            PLAIN: Side(plain_service(APP), {"BURN_MS": "30", **environment}),
        },
        cases=[
            Case("5 records", 5, post(plain_path, b"{}", "application/json"), same_body, clients=2)
        ],
    )


def measured(bench: Bench, folder: Path) -> dict[str, Rounds]:
    """Run a bench."""
    return asyncio.run(measure(bench, OPTIONS, folder=folder, say=lambda _: None))


def test_a_round_counts_the_records_of_all_clients_and_the_cpu_time_of_the_service(
    tmp_path: Path,
) -> None:
    rounds = measured(bench(), tmp_path)["5 records"]

    assert {PLATFORM: 2, PLAIN: 2} == {name: len(each) for name, each in rounds.items()}
    for each in rounds[PLATFORM] + rounds[PLAIN]:
        assert each.cpu_seconds >= OPTIONS.cpu_seconds
        assert each.records % 5 == 0
        assert 10 < each.peak_mb < 1000
    # 10 ms for 5 records; what HTTP costs beside it, and a slow clock, are allowed for.
    assert all(each.rate == pytest.approx(450, rel=0.35) for each in rounds[PLATFORM])
    assert all(1.8 < ratio < 4 for ratio in ratios(rounds))


def test_answers_that_differ_or_fail_end_the_run(tmp_path: Path) -> None:
    with pytest.raises(AnswerError, match="is not"):
        measured(bench(ANSWER="another"), tmp_path)
    with pytest.raises(AnswerError, match="POST /none: 404"):
        measured(bench(plain_path="/none"), tmp_path)


def test_a_service_that_does_not_start_ends_the_run(tmp_path: Path) -> None:
    with pytest.raises(BenchmarkError, match="plain ended with 1"):
        measured(bench(BURN_MS="much"), tmp_path)


def test_the_exit_code_says_whether_the_answers_are_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    short = ["--rounds", "1", "--cpu-seconds", "0.05", "--output", str(tmp_path)]

    assert run(lambda _: bench(), short) == 0
    assert "| 5 records |" in (tmp_path / "RESULTS.md").read_text()
    assert run(lambda _: bench(ANSWER="another"), short) == 1
    assert "is not" in capsys.readouterr().err
    assert run(lambda _: bench(), [*short, "--only", "6"]) == 1


def report() -> Report:
    """Return the report of rounds that are known."""
    rounds = {
        PLATFORM: [Round(1000, cpu, 2 * cpu, 100) for cpu in (0.5, 1.0, 0.4)],
        PLAIN: [Round(1000, cpu, cpu, 300.4) for cpu in (2.0, 3.0, 2.0)],
    }
    return Report(bench(), MACHINE, OPTIONS, {"5 records": rounds})


def test_the_report_has_medians_ranges_and_the_ratios_of_rounds_that_followed_each_other() -> None:
    text = report().markdown()

    assert "| 5 records | 2,000 (1,000-2,500) | 500 (333-500) | 4.0 (3.0-5.0) |" in text
    assert "| 5 records | 2.50 (2.00-5.00) | 10.00 (10.00-15.00) | 100 | 300 |" in text
    assert "`tools/bazel run //somewhere` wrote this file" in text


def test_the_report_is_written_for_people_and_for_programs(tmp_path: Path) -> None:
    write(report(), tmp_path / "new")

    assert (tmp_path / "new" / "RESULTS.md").read_text() == report().markdown()
    case = json.loads((tmp_path / "new" / "results.json").read_text())["cases"]["5 records"]
    assert (case["ratio"], case["records_a_request"]) == (4, 5)
    assert case["records_a_cpu_second"] == {PLATFORM: 2000, PLAIN: 500}
    assert len(case["rounds"][PLAIN]) == 3


def test_a_round_in_which_the_clock_did_not_tick_has_no_rate() -> None:
    assert math.isnan(Round(1, 0, 1, 1).rate)
