"""Each checker on the smallest facts that break its rule, beside the nearest ones that do not."""

from dataclasses import replace

import pytest

from services.tests.faults.checkers import Facts, FinalOrder, FinalReservation, violations
from services.tests.faults.history import Fail, Ok, Unknown
from services.tests.faults.tests.stories import (
    LINES,
    did,
    ended,
    facts,
    level,
    lost,
    order,
    placed,
    problem,
    saw,
    saw_stock,
    stocked,
    told,
)

_PLACED, _CONFIRMED = "granary.order.placed.v1", "granary.order.confirmed.v1"
_HELD = "granary.reservation.held.v1"
_HELD_ORDER = ended("a", "CONFIRMED", "HELD")
_TOLD = [told("a.1", _PLACED), told("a.2", _CONFIRMED), told("a.r1", _HELD, subject="a")]
_TOLD[2] = replace(_TOLD[2], group="a")


def _short(order_id: str) -> Fail:
    return problem(409, "insufficient-stock", order_id=order_id)


GOOD: dict[str, Facts] = {
    "nothing happened": facts(),
    "one order": facts(
        stocked("FIG", 5),
        placed("key-a", "a", at=(1, 2)),
        saw_stock("FIG", (3, 2, 0), at=(3, 4)),
        deliveries=[told("FIG.7", "granary.stock.set.v1"), *_TOLD],
        **_HELD_ORDER,
        **level(3, 2, 0),
    ),
    "an answer that was lost": facts(
        stocked("FIG", 2),
        placed("key-a", "a", at=(1, 2), outcome=Unknown("lost")),
        placed("key-a", "a", at=(3, 4)),
        deliveries=[*_TOLD, told("FIG.7", "granary.stock.set.v1")],
        **_HELD_ORDER,
        **level(0, 2, 0),
    ),
}
BAD: dict[str, tuple[str, Facts]] = {
    "negative in a read": (
        "stock_is_never_negative",
        facts(stocked("FIG", 1), saw_stock("FIG", (-1, 2, 0), at=(1, 2)), **level(1, 0, 0)),
    ),
    "negative at the end": ("stock_is_never_negative", facts(**level(3, -1, 0))),
    "two units of three promised twice": (
        "no_unit_is_promised_twice",
        facts(
            stocked("FIG", 3),
            placed("key-a", "a", at=(1, 2)),
            placed("key-b", "b", at=(1, 3)),
            lost("cancel", "a", at=(3.5, 4)),
        ),
    ),
    "a shipped unit promised again": (
        "no_unit_is_promised_twice",
        facts(
            stocked("FIG", 3),
            placed("key-a", "a", at=(1, 2)),
            lost("cancel", "a", at=(2.5, 3)),
            saw("a", "SHIPPED", at=(3, 4), kind="ship"),
            placed("key-b", "b", at=(5, 6)),
            claims={"key-a": "a", "key-b": "b"},
        ),
    ),
    "a unit missing in a read": (
        "units_are_conserved",
        facts(stocked("FIG", 3), saw_stock("FIG", (2, 0, 0), at=(1, 2)), **level(3, 0, 0)),
    ),
    "a unit missing at the end": (
        "units_are_conserved",
        facts(stocked("FIG", 3), **level(1, 1, 0)),
    ),
    "a SKU missing at the end": ("units_are_conserved", facts(stocked("FIG", 3))),
    "units that no reservation holds": (
        "reservations_account_for_stock",
        facts(stocked("FIG", 3), **level(1, 2, 0)),
    ),
    "sold units still reserved": (
        "reservations_account_for_stock",
        facts(stocked("FIG", 3), **level(1, 2, 0), **ended("a", "SHIPPED", "SOLD")),
    ),
    "two orders of a key": (
        "each_key_has_one_order",
        facts(placed("key-a", "a", at=(1, 2)), placed("key-a", "b", at=(3, 4)), **_HELD_ORDER),
    ),
    "two keys of an order": (
        "each_key_has_one_order",
        facts(placed("key-a", "a", at=(1, 2)), placed("key-b", "a", at=(3, 4)), **_HELD_ORDER),
    ),
    "a key claimed by another order": (
        "each_key_has_one_order",
        facts(placed("key-a", "b", at=(1, 2)), **_HELD_ORDER),
    ),
    "an accepted order that is not there": (
        "accepted_orders_exist",
        facts(placed("key-a", "a", at=(1, 2)), claims={"key-a": "a"}),
    ),
    "an accepted order with more units": (
        "accepted_orders_exist",
        facts(placed("key-a", "a", at=(1, 2)), **ended("a", "CONFIRMED", "HELD", {"FIG": 3})),
    ),
    "a rejected order that is confirmed": (
        "accepted_orders_exist",
        facts(placed("key-a", "a", at=(1, 2), outcome=_short("a")), **_HELD_ORDER),
    ),
    "an order that no one asked for": ("every_order_was_asked_for", facts(**_HELD_ORDER)),
    "two orders for one request": (
        "every_order_was_asked_for",
        facts(
            placed("key-a", "a", at=(1, 2)),
            orders={"a": FinalOrder("ann", "CONFIRMED", LINES), "b": FinalOrder("ann", "X", LINES)},
            claims={"key-a": "a"},
        ),
    ),
    "an order left pending": (
        "orders_agree_with_reservations",
        facts(placed("key-a", "a", at=(1, 2), status="PENDING"), **ended("a", "PENDING", None)),
    ),
    "a cancelled order that holds stock": (
        "orders_agree_with_reservations",
        facts(placed("key-a", "a", at=(1, 2)), **ended("a", "CANCELLED", "HELD")),
    ),
    "stock held for no order": (
        "orders_agree_with_reservations",
        facts(reservations={"a": FinalReservation("HELD", LINES)}),
    ),
    "a reservation of other lines": (
        "orders_agree_with_reservations",
        facts(**{**_HELD_ORDER, "reservations": {"a": FinalReservation("HELD", {"FIG": 9})}}),
    ),
    "shipped before it was asked for": (
        "changes_were_asked_for",
        facts(saw("a", "SHIPPED", at=(1, 2)), lost("ship", "a", at=(3, 4))),
    ),
    "rejected for an expiry that cannot have been": (
        "changes_were_asked_for",
        facts(
            placed("key-a", "a", at=(1, 2), status="PENDING"),
            orders={"a": FinalOrder("ann", "REJECTED", LINES, expired=True)},
        ),
    ),
    "cancelled by no one": (
        "changes_were_asked_for",
        facts(placed("key-a", "a", at=(1, 2)), **ended("a", "CANCELLED", "RELEASED")),
    ),
    "confirmed, then pending": (
        "orders_never_go_back",
        facts(saw("a", "CONFIRMED", at=(1, 2)), saw("a", "PENDING", at=(3, 4)), **_HELD_ORDER),
    ),
    "there, then not": (
        "orders_never_go_back",
        facts(
            placed("key-a", "a", at=(1, 2)),
            did("read", "a", at=(3, 4), outcome=problem(404, "order-not-found")),
            **_HELD_ORDER,
        ),
    ),
    "shipped and cancelled": (
        "orders_never_go_back",
        facts(saw("a", "SHIPPED", at=(1, 4)), saw("a", "CANCELLED", at=(2, 3))),
    ),
    "cancelled, then confirmed for ever": (
        "orders_never_go_back",
        facts(saw("a", "CANCELLED", at=(1, 2), kind="cancel"), **_HELD_ORDER),
    ),
    "another byte in a repeat": (
        "repeats_get_the_first_answer",
        facts(
            placed("key-a", "a", at=(1, 2)),
            placed("key-a", "a", at=(1, 2.5), outcome=Ok(201, order("a", "PENDING"))),
        ),
    ),
    "in flight after the answer": (
        "repeats_get_the_first_answer",
        facts(
            placed("key-a", "a", at=(1, 2)),
            placed("key-a", "a", at=(3, 4), outcome=problem(409, "request-in-flight")),
        ),
    ),
    "two bodies of a key": (
        "a_key_takes_one_body",
        facts(placed("key-a", "a", at=(1, 2)), placed("key-a", "a", at=(3, 4), lines={"FIG": 9})),
    ),
    "a repeat refused as another": (
        "a_key_takes_one_body",
        facts(
            placed("key-a", "a", at=(1, 2)),
            placed("key-a", "a", at=(3, 4), outcome=problem(422, "idempotency-key-reused")),
        ),
    ),
    "a crash": (
        "answers_are_expected",
        facts(did("read", "a", at=(1, 2), outcome=problem(500, "internal-error"))),
    ),
    "a valid order refused": (
        "answers_are_expected",
        facts(placed("key-a", "a", at=(1, 2), outcome=problem(422, "validation-failed"))),
    ),
    "a refusal without a problem": (
        "answers_are_expected",
        facts(did("cancel", "a", at=(1, 2), outcome=Fail(409, "<html>"))),
    ),
    "a message that is no JSON": (
        "events_are_well_formed",
        facts(deliveries=[replace(_TOLD[0], body="<xml>")]),
    ),
    "an old CloudEvent": (
        "events_are_well_formed",
        facts(deliveries=[told("a.1", _PLACED, specversion="0.3")]),
    ),
    "an event without a time zone": (
        "events_are_well_formed",
        facts(deliveries=[told("a.1", _PLACED, time="2026-01-01T00:00:00")]),
    ),
    "an event in another group": (
        "events_are_well_formed",
        facts(deliveries=[replace(_TOLD[0], group="b")]),
    ),
    "an event deduplicated by another id": (
        "events_are_well_formed",
        facts(deliveries=[replace(_TOLD[0], deduplication_id="b")]),
    ),
    "one id for two events": (
        "duplicates_are_identical",
        facts(deliveries=[_TOLD[0], told("a.1", _CONFIRMED)]),
    ),
    "confirmed before it was placed": (
        "events_arrive_in_order",
        facts(deliveries=[_TOLD[1], _TOLD[0], _TOLD[2]], **_HELD_ORDER),
    ),
    "an event that never came": (
        "events_are_complete",
        facts(deliveries=[_TOLD[0], _TOLD[2]], **_HELD_ORDER),
    ),
    "an event too many": (
        "events_are_complete",
        facts(deliveries=[*_TOLD, told("a.3", "granary.order.shipped.v1")], **_HELD_ORDER),
    ),
    "an event with another number": (
        "events_are_complete",
        facts(deliveries=[_TOLD[0], told("a.3", _CONFIRMED), _TOLD[2]], **_HELD_ORDER),
    ),
    "an event about other lines": (
        "events_are_complete",
        facts(
            deliveries=[
                told("a.1", _PLACED, data={"order_id": "a", "lines": []}),
                *_TOLD[1:],
            ],
            **_HELD_ORDER,
        ),
    ),
    "an event of an unknown type": (
        "events_are_complete",
        facts(deliveries=[told("a.1", "granary.order.lost.v1")]),
    ),
    "stock set without an event": (
        "events_are_complete",
        facts(stocked("FIG", 3), **level(3, 0, 0)),
    ),
}


@pytest.mark.parametrize("story", GOOD)
def test_what_keeps_the_rules_is_taken(story: str) -> None:
    assert [] == violations(GOOD[story])


@pytest.mark.parametrize("story", BAD)
def test_what_breaks_a_rule_is_found(story: str) -> None:
    checker, broken = BAD[story]
    assert checker in {violation.checker for violation in violations(broken)}


def _found(checker: str, story: Facts) -> bool:
    return checker in {violation.checker for violation in violations(story)}


def test_a_cancel_makes_room_from_the_moment_it_is_asked_for() -> None:
    story = facts(
        stocked("FIG", 3),
        placed("key-a", "a", at=(1, 2)),
        lost("cancel", "a", at=(2.5, 3)),
        placed("key-b", "b", at=(1, 3)),
    )
    assert not _found("no_unit_is_promised_twice", story)


def test_a_hold_makes_room_when_it_may_have_run_out() -> None:
    story = facts(
        stocked("FIG", 3),
        placed("key-a", "a", at=(1, 2)),
        placed("key-b", "b", at=(1, 31)),
        claims={"key-a": "a", "key-b": "b"},
    )
    assert _found("no_unit_is_promised_twice", story)
    assert not _found("no_unit_is_promised_twice", replace(story, hold_seconds=20))


def test_sights_that_overlap_may_show_either_state() -> None:
    story = facts(saw("a", "CONFIRMED", at=(1, 3)), saw("a", "PENDING", at=(2.5, 4)), **_HELD_ORDER)
    assert not _found("orders_never_go_back", story)


def test_a_list_and_a_repeat_may_show_what_was() -> None:
    story = facts(
        saw("a", "CANCELLED", at=(1, 2), kind="cancel"),
        placed("key-a", "a", at=(3, 4)),
        did("list", "ann", at=(3, 4), outcome=Ok(200, f'{{"orders": [{order("a", "PENDING")}]}}')),
        **ended("a", "CANCELLED", "RELEASED"),
    )
    assert not _found("orders_never_go_back", story)


def test_in_flight_is_right_while_no_answer_arrived() -> None:
    story = facts(
        placed("key-a", "a", at=(1, 2), outcome=problem(409, "request-in-flight")),
        placed("key-a", "a", at=(0.5, 3)),
    )
    assert not _found("repeats_get_the_first_answer", story)


def test_a_duplicate_may_arrive_late() -> None:
    story = facts(deliveries=[_TOLD[0], _TOLD[1], _TOLD[0], _TOLD[2]], **_HELD_ORDER)
    assert not any(
        _found(name, story)
        for name in ("duplicates_are_identical", "events_arrive_in_order", "events_are_complete")
    )


def test_a_violation_shows_the_records_that_prove_it() -> None:
    checker, broken = BAD["confirmed, then pending"]
    (violation,) = [one for one in violations(broken) if one.checker == checker]
    shown = str(violation)
    assert "order a was CONFIRMED, then PENDING" in shown
    assert 2 == shown.count('"kind":"read"')


def test_stock_that_was_set_twice_cannot_be_judged() -> None:
    with pytest.raises(ValueError, match="FIG"):
        violations(facts(stocked("FIG", 3), stocked("FIG", 4)))
