"""What clients saw of each order: the states of a register that only ever moves forward."""

from collections.abc import Mapping
from dataclasses import dataclass

from services.tests.faults.checkers.facts import Facts, Violation
from services.tests.faults.history import Fail, Ok, Operation

_AFTER = {
    "MISSING": {"PENDING", "CONFIRMED", "REJECTED", "CANCELLED", "SHIPPED"},
    "PENDING": {"CONFIRMED", "REJECTED", "CANCELLED", "SHIPPED"},
    "CONFIRMED": {"CANCELLED", "SHIPPED"},
    "REJECTED": set[str](),
    "CANCELLED": set[str](),
    "SHIPPED": set[str](),
}
_PROGRESS = {
    "MISSING": 0,
    "PENDING": 1,
    "CONFIRMED": 2,
    "REJECTED": 2,
    "CANCELLED": 3,
    "SHIPPED": 3,
}


@dataclass(frozen=True, slots=True)
class Observation:
    """One sight of one order."""

    status: str
    operation: Operation
    fresh: bool
    """The order stood so at a moment of the operation. Else it had come at least so far by its end:
    a repeated placement gets its first answer, and a list comes from an index that follows."""


def observations(facts: Facts) -> Mapping[str, list[Observation]]:
    """Return all sights of each order, by its id."""
    found: dict[str, list[Observation]] = {}

    def add(order_id: str, status: str, operation: Operation, *, fresh: bool) -> None:
        found.setdefault(order_id, []).append(Observation(status, operation, fresh))

    for operation in facts.of("place", "read", "list", "cancel", "ship"):
        match operation.kind, operation.outcome:
            case "list", Ok():
                for order in operation.document["orders"]:
                    add(order["order_id"], order["status"], operation, fresh=False)
            case "place", Ok():
                document = operation.document
                add(document["order_id"], document["status"], operation, fresh=False)
            case "place", Fail(status=409) if "order_id" in operation.document:
                add(operation.document["order_id"], "REJECTED", operation, fresh=False)
            case _, Ok():
                add(operation.subject, operation.document["status"], operation, fresh=True)
            case _, Fail(status=404):
                add(operation.subject, "MISSING", operation, fresh=True)
            case _:
                pass
    return found


def orders_never_go_back(facts: Facts) -> Violation | None:
    """No one sees an order older than someone saw it before, nor two fates of one order.

    A sight that began after another one had ended, of whichever client, shows the same state or a
    later one; the final item shows the last. For a register that only moves forward along one path
    this is linearizability.
    """
    for order_id, sights in observations(facts).items():
        violation = _two_fates(order_id, sights) or _went_back(order_id, sights)
        if violation:
            return violation
        final = facts.orders[order_id].status if order_id in facts.orders else "MISSING"
        for sight in sights:
            if final != sight.status and final not in _AFTER[sight.status]:
                message = f"order {order_id} was {sight.status} and ends {final}"
                return Violation("orders_never_go_back", message, (sight.operation,))
    return None


def _two_fates(order_id: str, sights: list[Observation]) -> Violation | None:
    """Find two states that no order can both come through."""
    furthest = max(sights, key=lambda sight: _PROGRESS[sight.status])
    for sight in sights:
        if sight.status != furthest.status and furthest.status not in _AFTER[sight.status]:
            message = f"order {order_id} was both {sight.status} and {furthest.status}"
            return Violation("orders_never_go_back", message, (sight.operation, furthest.operation))
    return None


def _went_back(order_id: str, sights: list[Observation]) -> Violation | None:
    """Find a sight that is older than one that had ended before it began."""
    by_end = sorted(sights, key=lambda sight: sight.operation.ended_at)
    furthest: Observation | None = None
    position = 0
    for later in sorted(sights, key=lambda sight: sight.operation.invoked_at):
        while by_end[position].operation.ended_at < later.operation.invoked_at:
            candidate = by_end[position]
            if furthest is None or _PROGRESS[candidate.status] > _PROGRESS[furthest.status]:
                furthest = candidate
            position += 1
        if later.fresh and furthest and _PROGRESS[later.status] < _PROGRESS[furthest.status]:
            message = f"order {order_id} was {furthest.status}, then {later.status}"
            return Violation("orders_never_go_back", message, (furthest.operation, later.operation))
    return None
