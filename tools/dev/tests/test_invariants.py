"""A broken promise about stock or answers does not pass, and is named."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest

from tools.dev.client import Answer
from tools.dev.invariants import Invariant, Stock, answer_invariants, stock_invariants
from tools.dev.placing import Outcome, Plan, Status
from tools.dev.stock import Level


def outcome(status: Status, quantity: int = 1, reason: str = "") -> Outcome:
    order = {"customer_id": "me", "lines": [{"sku": "mug", "quantity": quantity}]}
    return Outcome(order, "k1", status=status, reason=reason, order_id="o1")


def stock(after: Level | None, added: int = 10) -> Stock:
    return Stock({"mug": Level(100, 5, 7)}, {"mug": added}, {"mug": after} if after else {})


def faults(invariants: Sequence[Invariant]) -> list[str]:
    return [fault for invariant in invariants for fault in invariant.faults]


ORDERS = [
    outcome("confirmed", 3),
    outcome("shipped", 4),
    outcome("cancelled", 50),
    outcome("rejected", 200, "insufficient-stock"),
]


def test_units_that_moved_as_the_orders_say_are_in_order() -> None:
    assert faults(stock_invariants(stock(Level(103, 8, 11)), ORDERS)) == []


@pytest.mark.parametrize(
    ("after", "message"),
    [
        (Level(104, 8, 11), r"mug: 123 units, were 112 \+ 10"),
        (Level(-1, 112, 11), "mug: Level.*on_hand=-1"),
        (Level(99, 12, 11), "mug: 7 units were reserved, orders account for 3"),
        (Level(103, 12, 7), "mug: 0 units were sold, orders account for 4"),
        (Level(53, 58, 11), "mug: 57 units were taken from the shelf, orders account for 7"),
        (Level(110, 5, 7), "mug: 0 units were reserved, orders account for 3"),
        (None, r"mug: 0 units, were 112 \+ 10"),
    ],
)
def test_a_unit_that_moved_otherwise_is_named(after: Level | None, message: str) -> None:
    found = faults(stock_invariants(stock(after), ORDERS))
    assert any(re.search(message, fault) for fault in found), found


@pytest.mark.parametrize("status", ["pending", "failed"])
def test_an_undecided_order_may_or_may_not_have_moved_its_units(status: Status) -> None:
    orders = [*ORDERS, outcome(status, 2)]
    for after in (Level(103, 8, 11), Level(101, 10, 11), Level(101, 8, 13)):
        assert faults(stock_invariants(stock(after), orders)) == []
    assert faults(stock_invariants(stock(Level(100, 11, 11)), orders))


def test_a_sku_that_nobody_stocked_before_has_what_was_added() -> None:
    new = Stock({}, {"mug": 9}, {"mug": Level(9, 0, 0)})
    assert new.skus == ["mug"]
    assert faults(stock_invariants(new, [])) == []


def repeated(*answers: Answer, unanswered: Sequence[str] = ()) -> Outcome:
    made = outcome("confirmed")
    made.plan = Plan(repeat="after")
    made.answers, made.unanswered = answers, unanswered
    return made


def test_equal_answers_are_in_order() -> None:
    answer = Answer(201, b"{}")
    assert faults(answer_invariants([repeated(answer, answer), *ORDERS])) == []


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (repeated(Answer(201, b"{}"), Answer(201, b"{ }")), "key k1, sent after: 201 and 201"),
        (repeated(Answer(201, b"{}"), Answer(200, b"{}")), "key k1, sent after: 201 and 200"),
        (repeated(Answer(201, b"{}"), unanswered=["500"]), "key k1: 500"),
        (outcome("failed", reason="422 nonsense"), "key k1: 422 nonsense"),
        (outcome("pending", reason="wait: too long"), "order o1: wait: too long"),
    ],
)
def test_an_answer_that_should_not_be_is_named(broken: Outcome, message: str) -> None:
    assert faults(answer_invariants([broken])) == [message]
