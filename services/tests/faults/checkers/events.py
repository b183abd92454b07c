"""Events: one for each change, in order, told apart by their ids, none lost and none made up."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from services.tests.faults.checkers.facts import Delivery, Facts, Violation, lines_of
from services.tests.faults.history import Ok, Unknown

_ORDER = "granary.order."
_RESERVATION = "granary.reservation."
STOCK_SET = "granary.stock.set.v1"

_OF_ORDER = {
    "PENDING": ("placed",),
    "CONFIRMED": ("placed", "confirmed"),
    "REJECTED": ("placed", "rejected"),
    "CANCELLED": ("placed", "confirmed", "cancelled"),
    "SHIPPED": ("placed", "confirmed", "shipped"),
}
_OF_RESERVATION = {
    "HELD": ({"held"},),
    "REFUSED": ({"refused"},),
    "RELEASED": ({"held"}, {"released", "expired"}),
    "SOLD": ({"held"}, {"sold"}),
}
_REQUIRED = ("specversion", "id", "source", "type", "subject", "time", "data")


def events_are_well_formed(facts: Facts) -> Violation | None:
    """Every message is a CloudEvent 1.0 in JSON, grouped by its subject, deduplicated by its id."""
    for delivery in facts.deliveries:
        if problem := _malformed(delivery):
            return Violation("events_are_well_formed", problem, (delivery,))
    return None


def duplicates_are_identical(facts: Facts) -> Violation | None:
    """Messages of one id are the same byte for byte, so that a consumer may drop all but one."""
    first_of: dict[tuple[str, str], Delivery] = {}
    for delivery in facts.deliveries:
        event = delivery.event
        first = first_of.setdefault((event.get("source", ""), event.get("id", "")), delivery)
        if first.body != delivery.body:
            message = f"two events have the id {event.get('id')}"
            return Violation("duplicates_are_identical", message, (first, delivery))
    return None


def events_arrive_in_order(facts: Facts) -> Violation | None:
    """The first arrivals of a subject's events, of each service, are in order of sequence."""
    last: dict[str, tuple[int, Delivery]] = {}
    for delivery in _first_arrivals(facts):
        if parsed := _position(delivery):
            stream, sequence = parsed
            before = last.get(stream)
            if before and before[0] > sequence:
                message = f"{delivery.event['id']} came after {before[1].event['id']}"
                return Violation("events_arrive_in_order", message, (before[1], delivery))
            last[stream] = (sequence, delivery)
    return None


def events_are_complete(facts: Facts) -> Violation | None:
    """Each order and each reservation has just the events that led to its final state, numbered
    from 1, and each stock that was set has one."""
    streams: dict[str, list[Delivery]] = {}
    for delivery in _first_arrivals(facts):
        kind = delivery.event.get("type", "")
        if kind == STOCK_SET:
            stream = f"stock {delivery.event.get('subject')}"
        elif kind.startswith((_ORDER, _RESERVATION)):
            stream = f"{kind.split('.')[1]} {delivery.event.get('subject')}"
        else:
            return Violation("events_are_complete", f"an event of type {kind}", (delivery,))
        streams.setdefault(stream, []).append(delivery)
    wanted = _wanted(facts)
    for stream in sorted(wanted.keys() | streams.keys()):
        come = sorted(streams.get(stream, []), key=lambda delivery: str(delivery.event.get("id")))
        types = [delivery.event["type"] for delivery in come]
        if stream not in wanted:
            return Violation("events_are_complete", f"there is no {stream}", tuple(come))
        if len(types) != len(wanted[stream]) or not all(
            kind in allowed for kind, allowed in zip(types, wanted[stream], strict=True)
        ):
            expected = [sorted(allowed) for allowed in wanted[stream]]
            message = f"the events of {stream} are {types}, not {expected}"
            return Violation("events_are_complete", message, tuple(come))
        for number, delivery in enumerate(come, start=1):
            if problem := _misdescribed(facts, stream, number, delivery):
                return Violation("events_are_complete", problem, (delivery,))
    return None


def _wanted(facts: Facts) -> Mapping[str, Sequence[set[str]]]:
    """Stream -> the types that each of its events may have, in order."""
    wanted: dict[str, list[set[str]]] = {}
    for order_id, order in facts.orders.items():
        types = _OF_ORDER.get(order.status, ())
        wanted[f"order {order_id}"] = [{f"{_ORDER}{kind}.v1"} for kind in types]
    for order_id, reservation in facts.reservations.items():
        wanted[f"reservation {order_id}"] = [
            {f"{_RESERVATION}{kind}.v1" for kind in kinds}
            for kinds in _OF_RESERVATION.get(reservation.status, ())
        ]
    for put in facts.of("put_stock"):
        if isinstance(put.outcome, Ok | Unknown):
            wanted.setdefault(f"stock {put.subject}", []).append({STOCK_SET})
    return wanted


def _misdescribed(facts: Facts, stream: str, number: int, delivery: Delivery) -> str | None:
    """Return what an event says wrongly of its order: its place, whose it is, what is in it."""
    about, _, subject = stream.partition(" ")
    if about == "stock":
        return None
    parsed = _position(delivery)
    if parsed is None or parsed[1] != number:
        return f"event {number} of {stream} has the id {delivery.event['id']}"
    data = delivery.event["data"]
    if data.get("order_id") != subject:
        return f"an event of {stream} is about {data.get('order_id')}"
    of = facts.orders if about == "order" else facts.reservations
    if "lines" in data and lines_of(data) != of[subject].lines:
        return f"an event of {stream} has other lines than {of[subject].lines}"
    return None


def _first_arrivals(facts: Facts) -> list[Delivery]:
    first: dict[tuple[str, str], Delivery] = {}
    for delivery in facts.deliveries:
        event = delivery.event
        first.setdefault((event.get("source", ""), event.get("id", "")), delivery)
    return list(first.values())


def _position(delivery: Delivery) -> tuple[str, int] | None:
    """Return the stream and the sequence number that an id names, None when it names none."""
    match = re.fullmatch(r"(.+\.r?)(\d+)", str(delivery.event.get("id", "")))
    return (match[1], int(match[2])) if match else None


def _malformed(delivery: Delivery) -> str | None:
    event = delivery.event
    missing = [name for name in _REQUIRED if not event.get(name)]
    if missing:
        return f"the event lacks {', '.join(missing)}"
    if event["specversion"] != "1.0":
        return f"specversion is {event['specversion']}"
    if not isinstance(event["data"], dict):
        return "data is not an object"
    try:
        timed = datetime.fromisoformat(event["time"]).tzinfo is not None
    except ValueError:
        timed = False
    if not timed:
        return f"time is {event['time']}, not a moment of RFC 3339"
    if delivery.group != event["subject"]:
        return f"the group is {delivery.group}, the subject {event['subject']}"
    if delivery.deduplication_id != event["id"]:
        return f"the deduplication id is {delivery.deduplication_id}, the id {event['id']}"
    return None
