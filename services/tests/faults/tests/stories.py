"""Small hand-made facts: operations in a few words, and what tables and queue hold at the end."""

import json
from dataclasses import replace
from typing import Any

from services.tests.faults.checkers import (
    Delivery,
    Facts,
    FinalOrder,
    FinalReservation,
    StockLevel,
)
from services.tests.faults.history import (
    PROBLEM_URN,
    Fail,
    History,
    Kind,
    Ok,
    Operation,
    Outcome,
    Unknown,
)

LINES = {"FIG": 2}
NOTHING = Facts(
    history=History(),
    stock={},
    orders={},
    reservations={},
    claims={},
    deliveries=[],
    hold_seconds=1e6,
)


def did(
    kind: Kind,
    subject: str = "",
    *,
    at: tuple[float, float],
    outcome: Outcome,
    key: str | None = None,
    body: dict[str, Any] | None = None,
) -> Operation:
    """Return an operation that went on from the first moment to the second."""
    return Operation(
        number=round(at[0] * 1000),
        client="ann",
        server="api",
        kind=kind,
        subject=subject,
        key=key,
        body=body,
        invoked_at=at[0],
        completed_at=at[1],
        outcome=outcome,
    )


def order(order_id: str, status: str, lines: dict[str, int] | None = None) -> str:
    """Return an order as order_api shows it."""
    return json.dumps(
        {
            "order_id": order_id,
            "customer_id": "ann",
            "status": status,
            "lines": _listed(lines or LINES),
        }
    )


def problem(status: int, slug: str, **members: str) -> Fail:
    """Return a refusal."""
    return Fail(status, json.dumps({"type": PROBLEM_URN + slug, **members}))


def placed(
    key: str,
    order_id: str,
    *,
    at: tuple[float, float],
    status: str = "CONFIRMED",
    lines: dict[str, int] | None = None,
    outcome: Outcome | None = None,
) -> Operation:
    """Return a placement that was answered with an order, or with `outcome`."""
    answer = outcome or Ok(201, order(order_id, status, lines))
    body = {"customer_id": "ann", "lines": _listed(lines or LINES)}
    return did("place", at=at, key=key, body=body, outcome=answer)


def saw(order_id: str, status: str, *, at: tuple[float, float], kind: Kind = "read") -> Operation:
    """Return a read of an order, or a cancel or ship that was answered with it."""
    return did(kind, order_id, at=at, outcome=Ok(200, order(order_id, status)))


def lost(kind: Kind, subject: str, *, at: tuple[float, float]) -> Operation:
    """Return an operation that got no answer."""
    return did(kind, subject, at=at, outcome=Unknown("lost"))


def stocked(sku: str, units: int, *, at: tuple[float, float] = (0.1, 0.2)) -> Operation:
    """Return the setting of a SKU's stock."""
    return did("put_stock", sku, at=at, body={"on_hand": units}, outcome=_level(units, 0, 0))


def saw_stock(sku: str, levels: tuple[int, int, int], *, at: tuple[float, float]) -> Operation:
    """Return a read of a SKU's units on hand, reserved and sold."""
    return did("read_stock", sku, at=at, outcome=_level(*levels))


def facts(*history: Operation, **ends: Any) -> Facts:
    """Return the facts of these operations; `ends` are the other members of Facts."""
    return replace(NOTHING, history=History(history), **ends)


def ended(
    order_id: str, status: str, reservation: str | None, lines: dict[str, int] | None = None
) -> dict[str, Any]:
    """Return what is left of one order, its key being that of its name."""
    wanted = lines or LINES
    return {
        "orders": {order_id: FinalOrder("ann", status, wanted)},
        "reservations": {order_id: FinalReservation(reservation, wanted)} if reservation else {},
        "claims": {f"key-{order_id}": order_id},
    }


def level(on_hand: int, reserved: int, sold: int, sku: str = "FIG") -> dict[str, Any]:
    """Return what is left of one SKU."""
    return {"stock": {sku: StockLevel(on_hand, reserved, sold)}}


def told(identity: str, kind: str, **members: Any) -> Delivery:
    """Return a message whose id is `<subject>.<sequence>`."""
    subject = identity.rpartition(".")[0]
    event = {
        "specversion": "1.0",
        "id": identity,
        "source": "/granary/order_api",
        "type": kind,
        "subject": subject,
        "time": "2026-01-01T00:00:00.000+00:00",
        "data": {"order_id": subject},
        **members,
    }
    return Delivery(json.dumps(event), subject, identity)


def _level(on_hand: int, reserved: int, sold: int) -> Ok:
    return Ok(200, json.dumps({"on_hand": on_hand, "reserved": reserved, "sold": sold}))


def _listed(lines: dict[str, int]) -> list[dict[str, Any]]:
    return [{"sku": sku, "quantity": units} for sku, units in lines.items()]
