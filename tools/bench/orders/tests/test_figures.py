"""Percentiles, and rounds from usage and answers."""

import math

import pytest

from tools.bench.orders.figures import (
    FullRound,
    cpu_between,
    full_middle,
    full_round_of,
    middle,
    percentile,
    round_of,
)
from tools.bench.orders.load import Answers
from tools.bench.orders.processes import Usage


@pytest.mark.parametrize(("percent", "value"), [(50, 50), (95, 95), (99, 99), (100, 100), (0, 1)])
def test_a_percentile_is_a_value_that_occurred(percent: float, value: float) -> None:
    assert value == percentile([float(number) for number in range(100, 0, -1)], percent)


def test_a_percentile_of_nothing_is_no_number() -> None:
    assert math.isnan(percentile([], 50))


def test_cpu_of_an_order_is_what_the_load_added_to_the_idle_service() -> None:
    busy = cpu_between({"a": Usage(10, 50)}, {"a": Usage(12, 60)})
    answers = Answers(seconds=10, latencies_ms=[1.0] * 1000, lateness_ms=[0.0] * 1000)

    figures = round_of(answers, busy=busy, idle={"a": 0.5}, after={"a": Usage(12, 60)})

    assert figures.cpu_ms["a"] == pytest.approx(1.5)
    assert figures.rate == pytest.approx(100)
    assert figures.rss_mb == {"a": 60}


def test_the_median_of_rounds_leaves_an_outlier_out_and_keeps_all_errors() -> None:
    rounds = [
        round_of(
            Answers(seconds=1, latencies_ms=[latency] * 10, lateness_ms=[0.0], errors=errors),
            busy={"a": latency},
            idle={"a": 0.0},
            after={"a": Usage(0, 1)},
        )
        for latency, errors in ((5.0, 0), (900.0, 2), (6.0, 0))
    ]

    figures = middle(rounds)

    assert (figures.p50_ms, figures.cpu_ms["a"]) == (6, 600)
    assert (figures.orders, figures.errors) == (30, 2)


def test_at_full_load_the_cpu_of_an_order_is_all_that_was_used() -> None:
    answers = Answers(seconds=2, latencies_ms=[1.0] * 1000)

    figures = full_round_of(answers, busy={"a": 1.5, "b": 0.4})

    assert figures == FullRound(
        orders=1000,
        rate=500,
        errors=0,
        cpu_ms={"a": 1.5, "b": 0.4},
        busy_percent=95,
    )


def test_a_full_load_without_an_answer_has_no_cost_an_order() -> None:
    figures = full_round_of(Answers(seconds=2, errors=3), busy={"a": 1.5})

    assert math.isnan(figures.cpu_ms["a"])
    assert (figures.rate, figures.errors) == (0, 3)


def test_the_median_of_full_rounds_leaves_an_outlier_out_and_keeps_all_orders() -> None:
    rounds = [
        full_round_of(Answers(seconds=1, latencies_ms=[1.0] * orders), busy={"a": 1.0})
        for orders in (1000, 100, 500)
    ]

    figures = full_middle(rounds)

    assert (figures.orders, figures.rate, figures.cpu_ms["a"]) == (1600, 500, 2.0)
