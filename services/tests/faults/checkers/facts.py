"""All that the checkers know of a run, and what they say of it. No I/O here or in any checker."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from services.tests.faults.history import Fail, History, Ok, Operation

type Lines = Mapping[str, int]
"""SKU -> units."""

ORDER_STATES = ("PENDING", "CONFIRMED", "REJECTED", "CANCELLED", "SHIPPED")
IN_FLIGHT = "request-in-flight"
KEY_REUSED = "idempotency-key-reused"
REJECTIONS = ("insufficient-stock", "unknown-sku")


@dataclass(frozen=True, slots=True)
class StockLevel:
    """The final item of one SKU."""

    on_hand: int
    reserved: int
    sold: int


@dataclass(frozen=True, slots=True)
class FinalOrder:
    """The final item of one order."""

    customer_id: str
    status: str
    lines: Lines
    expired: bool = False
    """REJECTED because its stock had returned by itself before the order was decided."""


@dataclass(frozen=True, slots=True)
class FinalReservation:
    """The final item of one reservation."""

    status: str
    lines: Lines


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message as the queue gave it to a consumer, which then deleted it."""

    body: str
    group: str
    """MessageGroupId."""
    deduplication_id: str

    @property
    def event(self) -> dict[str, Any]:
        """The event's JSON object, empty when the body is none."""
        try:
            event = json.loads(self.body)
        except ValueError:
            return {}
        return event if isinstance(event, dict) else {}


@dataclass(frozen=True)
class Facts:
    """A history, the tables after the run had become quiet, and the events in order of arrival."""

    history: History
    stock: Mapping[str, StockLevel]
    orders: Mapping[str, FinalOrder]
    reservations: Mapping[str, FinalReservation]
    claims: Mapping[str, str]
    """Idempotency-Key -> the order placed under it."""
    deliveries: Sequence[Delivery]
    hold_seconds: float
    """How long a reservation is held at least before it may expire."""

    def of(self, *kinds: str) -> Iterator[Operation]:
        """Yield the operations of these kinds, in the order in which they ended."""
        return (operation for operation in self.history if operation.kind in kinds)

    @cached_property
    def attempts(self) -> Mapping[str, list[Operation]]:
        """Idempotency-Key -> its placements."""
        attempts: dict[str, list[Operation]] = {}
        for operation in self.of("place"):
            attempts.setdefault(operation.key or "", []).append(operation)
        return attempts

    @cached_property
    def first_asked(self) -> Mapping[str, float]:
        """Order id -> when the first request for the order was made."""
        keys = {order_id: key for key, order_id in self.claims.items()}
        for placed in filter(decided, self.of("place")):
            keys.setdefault(str(placed.document.get("order_id")), placed.key or "")
        return {
            order_id: min(attempt.invoked_at for attempt in self.attempts[key])
            for order_id, key in keys.items()
            if key in self.attempts
        }

    @cached_property
    def initial(self) -> Mapping[str, tuple[int, Operation]]:
        """SKU -> the units that were put there, and by which operation.

        Raise ValueError unless each SKU was set once and answered: else no sum could be judged.
        """
        initial: dict[str, tuple[int, Operation]] = {}
        for operation in self.of("put_stock"):
            if operation.subject in initial or not isinstance(operation.outcome, Ok):
                raise ValueError(f"the stock of {operation.subject} was not set once and for sure")
            initial[operation.subject] = ((operation.body or {})["on_hand"], operation)
        return initial


@dataclass(frozen=True, slots=True)
class Violation:
    """What does not hold, and the records that show it."""

    checker: str
    message: str
    records: tuple[Operation | Delivery, ...] = ()

    def __str__(self) -> str:
        shown = [
            record.to_json() if isinstance(record, Operation) else repr(record)
            for record in self.records
        ]
        return "\n  ".join([f"{self.checker}: {self.message}", *shown])


type Checker = Callable[[Facts], Violation | None]


def lines_of(document: Mapping[str, Any]) -> Lines:
    """Return the lines of a request, an answer, an item or an event."""
    return {line["sku"]: line["quantity"] for line in document["lines"]}


def decided(operation: Operation) -> bool:
    """Say whether a placement's answer is the final one of its key: an order or its rejection."""
    match operation.outcome:
        case Ok():
            return True
        case Fail(status=409) as refusal:
            return refusal.problem != IN_FLIGHT
        case _:
            return False
