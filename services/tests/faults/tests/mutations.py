"""One change to valid facts, of a kind that a broken service could have caused.

Each takes the facts and a source of choices, and returns facts that the checker of its name in
`MUTATIONS` must reject, or None when there is nothing to change so.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from random import Random
from typing import Any

from services.tests.faults.checkers import Delivery, Facts, FinalReservation
from services.tests.faults.checkers.facts import decided
from services.tests.faults.history import PROBLEM_URN, Fail, History, Ok, Operation

type Mutation = Callable[[Facts, Random], Facts | None]


def sold_below_zero(facts: Facts, dice: Random) -> Facts | None:
    return _with_level(facts, dice, on_hand=-1000)


def unit_lost(facts: Facts, dice: Random) -> Facts | None:
    return _with_level(facts, dice, sold=1)


def unit_returned_twice(facts: Facts, dice: Random) -> Facts | None:
    return _with_level(facts, dice, on_hand=1, reserved=-1)


def unit_missing_in_a_read(facts: Facts, dice: Random) -> Facts | None:
    puts = {sku: put for sku, (_, put) in facts.initial.items()}
    reads = [
        read for read in facts.of("read_stock") if puts[read.subject].ended_at < read.invoked_at
    ]
    return _answered(facts, dice, reads, sold=1000)


def stock_smaller_than_promised(facts: Facts, dice: Random) -> Facts | None:
    cancelled = {one.subject for one in facts.of("cancel")}
    promises = [
        one
        for one in facts.of("place")
        if isinstance(one.outcome, Ok)
        and one.document["status"] == "CONFIRMED"
        # Surely still promised when the answer came.
        and one.document["order_id"] not in cancelled
        and one.completed_at < one.invoked_at + facts.hold_seconds / 10
    ]
    if not promises:
        return None
    line = dice.choice(dice.choice(promises).document["lines"])
    _, put = facts.initial[line["sku"]]
    return _with(facts, put, replace(put, body={"on_hand": line["quantity"] - 1}))


def second_order_for_a_key(facts: Facts, dice: Random) -> Facts | None:
    repeats = [attempts[-1] for attempts in facts.attempts.values() if _decisions(attempts) > 1]
    return _answered(facts, dice, [one for one in repeats if decided(one)], order_id="other")


def accepted_order_missing(facts: Facts, dice: Random) -> Facts | None:
    accepted = [one.document["order_id"] for one in facts.of("place") if decided(one)]
    if not accepted:
        return None
    gone = dice.choice(accepted)
    return replace(facts, orders={name: it for name, it in facts.orders.items() if name != gone})


def accepted_order_with_other_lines(facts: Facts, dice: Random) -> Facts | None:
    accepted = [one.document["order_id"] for one in facts.of("place") if decided(one)]
    if not accepted:
        return None
    order_id = dice.choice(accepted)
    other = replace(facts.orders[order_id], lines={"other": 1})
    return replace(facts, orders={**facts.orders, order_id: other})


def order_made_twice(facts: Facts, dice: Random) -> Facts | None:
    if not facts.orders:
        return None
    order_id = dice.choice(sorted(facts.orders))
    return replace(facts, orders={**facts.orders, "second": facts.orders[order_id]})


def order_left_pending(facts: Facts, dice: Random) -> Facts | None:
    if not facts.orders:
        return None
    order_id = dice.choice(sorted(facts.orders))
    pending = replace(facts.orders[order_id], status="PENDING")
    return replace(facts, orders={**facts.orders, order_id: pending})


def reservation_without_order(facts: Facts, dice: Random) -> Facts | None:
    leak = FinalReservation("HELD", {"leak": dice.randint(1, 3)})
    return replace(facts, reservations={**facts.reservations, "no-order": leak})


def reservation_in_another_state(facts: Facts, dice: Random) -> Facts | None:
    if not facts.reservations:
        return None
    order_id = dice.choice(sorted(facts.reservations))
    standing = facts.reservations[order_id]
    others = sorted({"HELD", "REFUSED", "RELEASED", "SOLD"} - {standing.status})
    other = replace(standing, status=dice.choice(others))
    return replace(facts, reservations={**facts.reservations, order_id: other})


def shipped_by_no_one(facts: Facts, dice: Random) -> Facts | None:
    shipped = [name for name, order in facts.orders.items() if order.status == "SHIPPED"]
    if not shipped:
        return None
    order_id = dice.choice(shipped)
    kept = [one for one in facts.history if (one.kind, one.subject) != ("ship", order_id)]
    return replace(facts, history=History(kept))


def read_of_an_older_state(facts: Facts, dice: Random) -> Facts | None:
    stale = [
        read
        for read in facts.of("read")
        if isinstance(read.outcome, Ok)
        and any(
            seen.subject == read.subject
            and isinstance(seen.outcome, Ok)
            and seen.ended_at < read.invoked_at
            and seen.document["status"] != "PENDING"
            for seen in facts.of("read", "cancel", "ship")
        )
    ]
    return _answered(facts, dice, stale, status="PENDING")


def read_of_another_fate(facts: Facts, dice: Random) -> Facts | None:
    rejected = dice.random() < 0.5
    reads = [
        read
        for read in facts.of("read")
        if isinstance(read.outcome, Ok)
        and (facts.orders[read.subject].status == "REJECTED") != rejected
    ]
    return _answered(facts, dice, reads, status="REJECTED" if rejected else "CONFIRMED")


def order_that_vanished_for_a_moment(facts: Facts, dice: Random) -> Facts | None:
    seen: dict[str, float] = {}
    for one in facts.of("place", "read"):
        if isinstance(one.outcome, Ok):
            seen.setdefault(one.document["order_id"], one.ended_at)
    reads = [
        read for read in facts.of("read") if seen.get(read.subject, read.ended_at) < read.invoked_at
    ]
    if not reads:
        return None
    read = dice.choice(reads)
    gone = Fail(404, json.dumps({"type": PROBLEM_URN + "order-not-found"}))
    return _with(facts, read, replace(read, outcome=gone))


def repeat_with_another_byte(facts: Facts, dice: Random) -> Facts | None:
    repeats = [attempts[-1] for attempts in facts.attempts.values() if _decisions(attempts) > 1]
    repeats = [one for one in repeats if decided(one)]
    if not repeats:
        return None
    repeat = dice.choice(repeats)
    assert isinstance(repeat.outcome, Ok | Fail)
    changed = replace(repeat.outcome, body=repeat.outcome.body + " ")
    return _with(facts, repeat, replace(repeat, outcome=changed))


def in_flight_after_the_answer(facts: Facts, dice: Random) -> Facts | None:
    decisions = [one for one in facts.of("place") if decided(one)]
    if not decisions:
        return None
    first = dice.choice(decisions)
    late = replace(
        first,
        invoked_at=first.completed_at + 1,
        completed_at=first.completed_at + 2,
        outcome=Fail(409, json.dumps({"type": PROBLEM_URN + "request-in-flight"})),
    )
    return replace(facts, history=History([*facts.history, late]))


def second_body_for_a_key(facts: Facts, dice: Random) -> Facts | None:
    decisions = [one for one in facts.of("place") if decided(one)]
    if not decisions:
        return None
    first = dice.choice(decisions)
    other = replace(first, body={**(first.body or {}), "customer_id": "someone"})
    return replace(facts, history=History([*facts.history, other]))


def crash_answered(facts: Facts, dice: Random) -> Facts | None:
    if not facts.history:
        return None
    one = dice.choice(list(facts.history))
    crash = Fail(500, json.dumps({"type": PROBLEM_URN + "internal-error"}))
    return _with(facts, one, replace(one, outcome=crash)) if one.kind != "put_stock" else None


def event_without_its_source(facts: Facts, dice: Random) -> Facts | None:
    return _with_event(facts, dice, source="")


def event_in_another_group(facts: Facts, dice: Random) -> Facts | None:
    delivery = dice.choice(facts.deliveries)
    changed = replace(delivery, group="elsewhere")
    return replace(facts, deliveries=[*facts.deliveries, changed])


def duplicate_that_differs(facts: Facts, dice: Random) -> Facts | None:
    return _with_event(facts, dice, time="2027-01-01T00:00:00Z")


def event_lost(facts: Facts, dice: Random) -> Facts | None:
    lost = dice.choice(facts.deliveries)
    left = [one for one in facts.deliveries if one.deduplication_id != lost.deduplication_id]
    return replace(facts, deliveries=left)


def event_made_up(facts: Facts, dice: Random) -> Facts | None:
    return _with_event(facts, dice, id="made-up.1", subject="made-up")


def events_swapped(facts: Facts, dice: Random) -> Facts | None:
    first = [one for one in facts.deliveries if one.event["id"].endswith(".1")]
    pairs = [
        (one, two)
        for one in first
        for two in facts.deliveries
        if two.event["id"] == one.event["subject"] + ".2"
    ]
    if not pairs:
        return None
    before, after = dice.choice(pairs)
    left = [one for one in facts.deliveries if one not in (before, after)]
    return replace(facts, deliveries=[after, before, *left])


MUTATIONS: dict[Mutation, str] = {
    sold_below_zero: "stock_is_never_negative",
    unit_lost: "units_are_conserved",
    unit_missing_in_a_read: "units_are_conserved",
    unit_returned_twice: "reservations_account_for_stock",
    stock_smaller_than_promised: "no_unit_is_promised_twice",
    second_order_for_a_key: "each_key_has_one_order",
    accepted_order_missing: "accepted_orders_exist",
    accepted_order_with_other_lines: "accepted_orders_exist",
    order_made_twice: "every_order_was_asked_for",
    order_left_pending: "orders_agree_with_reservations",
    reservation_without_order: "orders_agree_with_reservations",
    reservation_in_another_state: "orders_agree_with_reservations",
    shipped_by_no_one: "changes_were_asked_for",
    read_of_an_older_state: "orders_never_go_back",
    read_of_another_fate: "orders_never_go_back",
    order_that_vanished_for_a_moment: "orders_never_go_back",
    repeat_with_another_byte: "repeats_get_the_first_answer",
    in_flight_after_the_answer: "repeats_get_the_first_answer",
    second_body_for_a_key: "a_key_takes_one_body",
    crash_answered: "answers_are_expected",
    event_without_its_source: "events_are_well_formed",
    event_in_another_group: "events_are_well_formed",
    duplicate_that_differs: "duplicates_are_identical",
    event_lost: "events_are_complete",
    event_made_up: "events_are_complete",
    events_swapped: "events_arrive_in_order",
}
"""Mutation -> the checker that must reject it, whatever else does."""


def _with(facts: Facts, old: Operation, new: Operation) -> Facts:
    return replace(facts, history=History([new if one is old else one for one in facts.history]))


def _answered(
    facts: Facts, dice: Random, operations: Sequence[Operation], **members: Any
) -> Facts | None:
    """Change members of the answer of one of the operations."""
    if not operations:
        return None
    one = dice.choice(operations)
    assert isinstance(one.outcome, Ok | Fail)
    body = json.dumps({**one.document, **members})
    return _with(facts, one, replace(one, outcome=replace(one.outcome, body=body)))


def _with_level(facts: Facts, dice: Random, **added: int) -> Facts | None:
    if not facts.stock:
        return None
    sku = dice.choice(sorted(facts.stock))
    level = facts.stock[sku]
    changes = {place: getattr(level, place) + units for place, units in added.items()}
    return replace(facts, stock={**facts.stock, sku: replace(level, **changes)})


def _with_event(facts: Facts, dice: Random, **members: str) -> Facts | None:
    """Add a copy of a message with other members."""
    delivery = dice.choice(facts.deliveries)
    event = {**delivery.event, **members}
    changed = Delivery(json.dumps(event), event["subject"], event["id"])
    return replace(facts, deliveries=[*facts.deliveries, changed])


def _decisions(attempts: Sequence[Operation]) -> int:
    return sum(decided(attempt) for attempt in attempts)
