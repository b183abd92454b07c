"""The demo's report counts right, and a broken promise about stock does not pass."""

from __future__ import annotations

import re

import pytest

from tools.dev.placing import Outcome, Status
from tools.dev.report import Report, percentile
from tools.dev.stock import Level


def outcome(status: Status, quantity: int, reason: str = "", sku: str = "mug") -> Outcome:
    order = {"customer_id": "me", "lines": [{"sku": sku, "quantity": quantity}]}
    return Outcome(order, status, reason, seconds=0.01)


def report(outcomes: list[Outcome], after: Level | None) -> Report:
    levels = {"mug": after} if after else {}
    return Report(outcomes, {"mug": Level(100, 5, 0)}, levels, seconds=2.0)


def test_confirmed_units_that_moved_to_reserved_are_in_order() -> None:
    outcomes = [outcome("confirmed", 3), outcome("rejected", 200, "insufficient-stock")]
    assert report(outcomes, Level(97, 8, 0)).broken_invariants() == []


@pytest.mark.parametrize(
    ("after", "message"),
    [
        (Level(98, 8, 0), "on hand [+] reserved [+] sold is 106, was 105"),
        (Level(-1, 106, 0), "stock is negative"),
        (Level(94, 11, 0), "6 units were taken, but confirmed orders have 3"),
        (Level(100, 5, 0), "0 units were taken, but confirmed orders have 3"),
        (None, "is not any more"),
    ],
)
def test_a_broken_invariant_is_named(after: Level | None, message: str) -> None:
    broken = report([outcome("confirmed", 3)], after).broken_invariants()
    assert any(re.search(message, sentence) for sentence in broken)


def test_an_undecided_order_may_or_may_not_hold_stock() -> None:
    outcomes = [outcome("confirmed", 3), outcome("pending", 4)]
    for after in (Level(97, 8, 0), Level(93, 12, 0)):
        assert report(outcomes, after).broken_invariants() == []
    assert report(outcomes, Level(92, 13, 0)).broken_invariants()


def test_the_text_has_every_count_with_its_reasons() -> None:
    outcomes = [
        outcome("confirmed", 3),
        outcome("rejected", 1, "insufficient-stock"),
        outcome("rejected", 1, "unknown-sku"),
        outcome("rejected", 1, "unknown-sku"),
        outcome("failed", 0, "ClientError"),
    ]
    text = report(outcomes, Level(97, 8, 0)).text()
    lines = [" ".join(line.split()) for line in text.splitlines()]
    expected = ("placed 5", "confirmed 1", "rejected 3", "unknown-sku 2", "failed 1")
    assert set(expected) <= set(lines)
    assert "throughput: 2 orders/s over 2.0 s" in lines
    assert "mug 100 97 5 8 0 105" in lines
    assert "invariant kept for 1 SKUs" in text


def test_a_percentile_is_a_value_that_occurred() -> None:
    values = [float(n) for n in range(1, 101)]
    assert [percentile(values, p) for p in (50, 95, 99, 100)] == [50, 95, 99, 100]
    assert percentile([7.0], 50) == 7
    assert percentile([], 99) == 0
