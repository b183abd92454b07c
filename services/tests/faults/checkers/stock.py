"""Stock: never negative, never lost, never sold twice."""

import math
from collections import Counter
from collections.abc import Iterator

from services.tests.faults.checkers.facts import Facts, Violation, lines_of
from services.tests.faults.checkers.observations import observations
from services.tests.faults.history import Ok, Operation


def stock_is_never_negative(facts: Facts) -> Violation | None:
    """In no answer and in no final item is any number of units below zero."""
    name = "stock_is_never_negative"
    for read in facts.of("read_stock", "put_stock"):
        if isinstance(read.outcome, Ok):
            for place in ("on_hand", "reserved", "sold"):
                if (units := read.document[place]) < 0:
                    return Violation(name, f"{read.subject} had {units} units {place}", (read,))
    for sku, level in facts.stock.items():
        if min(level.on_hand, level.reserved, level.sold) < 0:
            return Violation(name, f"{sku} ends as {level}")
    return None


def units_are_conserved(facts: Facts) -> Violation | None:
    """Initial = on hand + reserved + sold, for each SKU, in every read and at the end.

    A stock is one item, so that even a read in the middle of the run sees all its units.
    """
    name = "units_are_conserved"
    for read in facts.of("read_stock"):
        if not isinstance(read.outcome, Ok):
            continue
        units, put = facts.initial[read.subject]
        seen = sum(read.document[place] for place in ("on_hand", "reserved", "sold"))
        if seen != units and put.ended_at < read.invoked_at:
            message = f"{seen} units of {read.subject} were seen, {units} were put there"
            return Violation(name, message, (put, read))
    for sku, (units, put) in facts.initial.items():
        level = facts.stock.get(sku)
        if level is None or level.on_hand + level.reserved + level.sold != units:
            return Violation(name, f"{sku} had {units} units and ends as {level}", (put,))
    return None


def reservations_account_for_stock(facts: Facts) -> Violation | None:
    """Reserved = the units of HELD reservations, sold = those of SOLD ones, for each SKU."""
    held, sold = Counter[str](), Counter[str]()
    for reservation in facts.reservations.values():
        if reservation.status == "HELD":
            held.update(reservation.lines)
        elif reservation.status == "SOLD":
            sold.update(reservation.lines)
    for sku, level in facts.stock.items():
        if (level.reserved, level.sold) != (held[sku], sold[sku]):
            message = f"{sku} ends as {level}; reservations hold {held[sku]} and sold {sold[sku]}"
            return Violation("reservations_account_for_stock", message)
    return None


def no_unit_is_promised_twice(facts: Facts) -> Violation | None:
    """At no moment do orders that customers know to be confirmed have more units than there are.

    An order counts from the end of the first answer that shows it CONFIRMED or SHIPPED until the
    first cancellation is asked for or its hold may have run out, and for ever once it is shipped.
    That is the least that must be true, whatever happened between request and answer.
    """
    changes: list[tuple[float, int, Operation]] = []
    for begin, end, seen in _promises(facts):
        if begin < end:
            changes += [(begin, 1, seen), (end, -1, seen)]
    promised = Counter[str]()
    standing: dict[int, Operation] = {}
    # Of one moment, what ends comes first: it makes room for what begins.
    for _, sign, seen in sorted(changes, key=lambda change: change[:2]):
        if sign > 0:
            standing[seen.number] = seen
        else:
            del standing[seen.number]
        for sku, units in lines_of(seen.document).items():
            promised[sku] += sign * units
            initial = facts.initial[sku][0] if sku in facts.initial else 0
            if promised[sku] > initial:
                holders = [one for one in standing.values() if sku in lines_of(one.document)]
                message = f"{promised[sku]} units of {sku} were promised at once, of {initial}"
                return Violation("no_unit_is_promised_twice", message, tuple(holders))
    return None


def _promises(facts: Facts) -> Iterator[tuple[float, float, Operation]]:
    """Yield when each order was surely promised, from and until, and the answer that shows it."""
    asked: dict[str, float] = {}
    for operation in facts.of("cancel"):
        known = asked.get(operation.subject, math.inf)
        asked[operation.subject] = min(known, operation.invoked_at)
    for order_id, seen in observations(facts).items():
        promises = [one for one in seen if one.status in ("CONFIRMED", "SHIPPED")]
        # A list names many orders; another answer shows this one.
        single = [one for one in promises if one.operation.kind != "list"]
        if not single:
            continue
        first = min(single, key=lambda one: one.operation.ended_at)
        # An order of unknown age may be too old to hold anything.
        expires = facts.first_asked.get(order_id, -math.inf) + facts.hold_seconds
        end = min(asked.get(order_id, math.inf), expires)
        if any(one.status == "SHIPPED" for one in seen):
            end = math.inf
        yield first.operation.ended_at, end, first.operation
