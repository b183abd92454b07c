"""Orders: each accepted one exactly once, as it was asked for, and in step with its reservation."""

import math
from collections import Counter

from services.tests.faults.checkers.facts import Facts, Lines, Violation, decided, lines_of
from services.tests.faults.checkers.observations import observations
from services.tests.faults.history import Fail, Ok, Operation

_RESERVATION_OF = {
    "CONFIRMED": "HELD",
    "REJECTED": "REFUSED",
    "CANCELLED": "RELEASED",
    "SHIPPED": "SOLD",
}


def each_key_has_one_order(facts: Facts) -> Violation | None:
    """All decided answers of a key name one order, no two keys name the same one, and the stored
    claims agree."""
    name = "each_key_has_one_order"
    first_of: dict[str, Operation] = {}
    for key, attempts in facts.attempts.items():
        mine: Operation | None = None
        for attempt in filter(decided, attempts):
            order_id = attempt.document.get("order_id")
            if mine and mine.document["order_id"] != order_id:
                return Violation(name, f"key {key} placed two orders", (mine, attempt))
            if not isinstance(order_id, str):
                return Violation(name, f"the answer of key {key} names no order", (attempt,))
            mine = attempt
            other = first_of.setdefault(order_id, attempt)
            if other.key != key:
                return Violation(name, f"order {order_id} has two keys", (other, attempt))
            if facts.claims.get(key) != order_id:
                message = f"key {key} ends claimed by {facts.claims.get(key)}, not by {order_id}"
                return Violation(name, message, (attempt,))
    for order_id, claims in Counter(facts.claims.values()).items():
        if claims > 1:
            return Violation(name, f"order {order_id} is claimed by {claims} keys")
    return None


def accepted_orders_exist(facts: Facts) -> Violation | None:
    """The order of every 201 is there with the customer and the lines of its request, and the
    order of every rejection is there REJECTED."""
    name = "accepted_orders_exist"
    for placed in filter(decided, facts.of("place")):
        answer = placed.document
        final = facts.orders.get(answer.get("order_id", ""))
        if final is None:
            return Violation(name, f"order {answer.get('order_id')} does not exist", (placed,))
        asked = _wanted(placed)
        if isinstance(placed.outcome, Ok) and _wanted_in(answer) != asked:
            return Violation(name, "the answer is about another order", (placed,))
        if (final.customer_id, final.lines) != asked:
            return Violation(name, f"order {answer['order_id']} ends as {final}", (placed,))
        if isinstance(placed.outcome, Fail) and final.status != "REJECTED":
            message = f"order {answer['order_id']} was rejected and ends {final.status}"
            return Violation(name, message, (placed,))
    return None


def every_order_was_asked_for(facts: Facts) -> Violation | None:
    """Each order is of one key, whose requests asked for just that customer and those lines.

    Told twice: by the stored claims, and without them, by counting the keys under which each
    customer asked for the same lines.
    """
    name = "every_order_was_asked_for"
    key_of = {order_id: key for key, order_id in facts.claims.items()}
    for order_id, final in facts.orders.items():
        attempts = facts.attempts.get(key_of.get(order_id, ""), [])
        if not any(_wanted(one) == (final.customer_id, final.lines) for one in attempts):
            message = f"no request asked for order {order_id}, {final}"
            return Violation(name, message, tuple(attempts))
    asked = Counter(
        wish
        for attempts in facts.attempts.values()
        for wish in {_countable(*_wanted(attempt)) for attempt in attempts}
    )
    found = Counter(_countable(final.customer_id, final.lines) for final in facts.orders.values())
    for wish, orders in found.items():
        if orders > asked[wish]:
            return Violation(name, f"{wish} was asked for {asked[wish]} times: {orders} orders")
    return None


def orders_agree_with_reservations(facts: Facts) -> Violation | None:
    """CONFIRMED = HELD, REJECTED = REFUSED, CANCELLED = RELEASED, SHIPPED = SOLD, with the same
    lines; nothing is left PENDING, and no stock is kept for an order that does not exist.

    An order that nobody decided until its stock had returned by itself is REJECTED.
    """
    name = "orders_agree_with_reservations"
    for order_id, order in facts.orders.items():
        reservation = facts.reservations.get(order_id)
        if order.status not in _RESERVATION_OF:
            return Violation(name, f"order {order_id} is left {order.status}", _of(facts, order_id))
        wanted = "RELEASED" if order.expired else _RESERVATION_OF[order.status]
        if reservation is None or reservation.status != wanted:
            message = f"order {order_id} ends {order.status}, its reservation {reservation}"
            return Violation(name, message, _of(facts, order_id))
        if reservation.lines != order.lines:
            message = f"order {order_id} has {order.lines}, its reservation {reservation.lines}"
            return Violation(name, message, _of(facts, order_id))
    for order_id, reservation in facts.reservations.items():
        if order_id not in facts.orders:
            return Violation(name, f"{reservation} is of no order ({order_id})")
    return None


def changes_were_asked_for(facts: Facts) -> Violation | None:
    """No order is SHIPPED that no one asked to ship before it was seen so, and none CANCELLED that
    no one asked to cancel and that was not held long enough to expire."""
    name = "changes_were_asked_for"
    asked: dict[tuple[str, str], float] = {}
    for operation in facts.of("cancel", "ship"):
        wish = (operation.kind, operation.subject)
        asked[wish] = min(asked.get(wish, operation.invoked_at), operation.invoked_at)
    for order_id, sights in observations(facts).items():
        for sight in sights:
            before = sight.operation.ended_at
            shipped = asked.get(("ship", order_id), before) < before
            expired = facts.first_asked.get(order_id, -math.inf) + facts.hold_seconds < before
            cancelled = asked.get(("cancel", order_id), before) < before or expired
            if (sight.status == "SHIPPED" and not shipped) or (
                sight.status == "CANCELLED" and not cancelled
            ):
                message = f"order {order_id} was {sight.status} before anyone asked for it"
                return Violation(name, message, (sight.operation,))
    end = max((operation.completed_at for operation in facts.history), default=0.0)
    for order_id, order in facts.orders.items():
        expired = facts.first_asked.get(order_id, -math.inf) + facts.hold_seconds < end
        if (
            (order.status == "SHIPPED" and ("ship", order_id) not in asked)
            or (order.status == "CANCELLED" and ("cancel", order_id) not in asked and not expired)
            or (order.expired and not expired)
        ):
            message = f"order {order_id} ends {order.status}; no one asked for it"
            return Violation(name, message, _of(facts, order_id))
    return None


def _wanted(placed: Operation) -> tuple[str, Lines]:
    return _wanted_in(dict(placed.body or {}))


def _wanted_in(document: dict[str, object]) -> tuple[str, Lines]:
    return str(document["customer_id"]), lines_of(document)


def _countable(customer: str, lines: Lines) -> tuple[str, tuple[tuple[str, int], ...]]:
    return customer, tuple(sorted(lines.items()))


def _of(facts: Facts, order_id: str) -> tuple[Operation, ...]:
    """Return what the history has of one order, lists aside."""
    return tuple(
        operation
        for operation in facts.history
        if operation.kind != "list"
        and order_id in (operation.subject, operation.document.get("order_id"))
    )
