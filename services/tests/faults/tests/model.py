"""A shop that does one thing after another and makes no mistake: where valid facts come from."""

import json
from dataclasses import dataclass, field, replace
from random import Random
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

_SHORTEST = 0.01


@dataclass
class _Order:
    customer: str
    lines: dict[str, int]
    status: str = "PENDING"
    reservation: str | None = None
    held_at: float = 0.0


@dataclass
class Shop:
    """The model. Every step takes effect at once, at a moment between its request and its answer.

    `noise` chooses how long requests and answers are on the way, so that the recorded operations
    overlap although their effects do not.
    """

    noise: Random
    hold_seconds: float
    now: float = 100.0
    stock: dict[str, list[int]] = field(default_factory=dict)
    orders: dict[str, _Order] = field(default_factory=dict)
    claims: dict[str, tuple[str, dict[str, Any], Outcome]] = field(default_factory=dict)
    operations: list[Operation] = field(default_factory=list)
    events: list[Delivery] = field(default_factory=list)

    def put_stock(self, sku: str, units: int) -> None:
        """Set the stock of a SKU, once."""
        self.stock[sku] = [units, 0, 0]
        self._emit(sku, "s1", "granary.stock.set.v1")
        self._record("put_stock", self._level(sku), subject=sku, body={"on_hand": units})

    def read_stock(self, sku: str) -> None:
        """Look at the stock of a SKU."""
        self._record("read_stock", self._level(sku), subject=sku)

    def place(
        self, key: str, customer: str, lines: dict[str, int], *, away: bool, lost: bool
    ) -> None:
        """Place an order; with `away` it stays PENDING, with `lost` the client gets no answer."""
        body = {"customer_id": customer, "lines": _listed(lines)}
        if key not in self.claims:
            order_id = f"o{len(self.orders)}"
            self.orders[order_id] = _Order(customer, dict(lines))
            self._emit(order_id, "1", "granary.order.placed.v1")
            if not away:
                self.settle(order_id)
            self.claims[key] = (order_id, body, self._first_answer(order_id))
            if self.noise.random() < 0.3:
                self._record("place", _problem(409, "request-in-flight"), key=key, body=body)
        _, first_body, answer = self.claims[key]
        if body != first_body:
            answer = _problem(422, "idempotency-key-reused")
        self._record("place", answer, key=key, body=body, lost=lost)

    def settle(self, order_id: str) -> None:
        """Decide a PENDING order."""
        order = self.orders[order_id]
        if order.status != "PENDING":
            return
        enough = all(self.stock[sku][0] >= units for sku, units in order.lines.items())
        order.reservation = "HELD" if enough else "REFUSED"
        order.status = "CONFIRMED" if enough else "REJECTED"
        order.held_at = self.now
        if enough:
            self._move(order, 0, 1)
        self._emit(order_id, "r1", f"granary.reservation.{order.reservation.lower()}.v1")
        self._emit(order_id, "2", f"granary.order.{order.status.lower()}.v1")

    def close(self, order_id: str, kind: Kind, *, lost: bool) -> None:
        """Cancel or ship an order."""
        order = self.orders.get(order_id)
        status = "CANCELLED" if kind == "cancel" else "SHIPPED"
        if order is None:
            self._record(kind, _problem(404, "order-not-found"), subject=order_id)
            return
        if order.status == "CONFIRMED":
            if kind == "cancel":
                self._return(order_id, "released")
            else:
                self._move(order, 1, 2)
                order.reservation, order.status = "SOLD", "SHIPPED"
                self._emit(order_id, "r2", "granary.reservation.sold.v1")
                self._emit(order_id, "3", "granary.order.shipped.v1")
        answer = (
            self._shown(order_id)
            if order.status == status
            else _problem(409, f"order-{order.status.lower()}")
        )
        self._record(kind, answer, subject=order_id, lost=lost)

    def expire(self, order_id: str) -> None:
        """Return the stock of an order that was held for long enough."""
        order = self.orders.get(order_id)
        if order and order.status == "CONFIRMED" and self.now > order.held_at + self.hold_seconds:
            self._return(order_id, "expired")

    def read(self, order_id: str) -> None:
        """Look at an order."""
        known = order_id in self.orders
        answer = self._shown(order_id) if known else _problem(404, "order-not-found")
        self._record("read", answer, subject=order_id)

    def list_orders(self, customer: str) -> None:
        """Look at a customer's orders."""
        orders = [
            self._document(order_id)
            for order_id, order in self.orders.items()
            if order.customer == customer
        ]
        self._record("list", Ok(200, json.dumps({"orders": orders})), subject=customer)

    def facts(self) -> Facts:
        """Settle what is left, and return what a run would have recorded."""
        for order_id in self.orders:
            self.settle(order_id)
        ended = sorted(self.operations, key=lambda operation: operation.completed_at)
        return Facts(
            history=History(
                replace(operation, number=number) for number, operation in enumerate(ended)
            ),
            stock={sku: StockLevel(*level) for sku, level in self.stock.items()},
            orders={
                order_id: FinalOrder(order.customer, order.status, order.lines)
                for order_id, order in self.orders.items()
            },
            reservations={
                order_id: FinalReservation(order.reservation, order.lines)
                for order_id, order in self.orders.items()
                if order.reservation
            },
            claims={key: claim[0] for key, claim in self.claims.items()},
            deliveries=self._delivered(),
            hold_seconds=self.hold_seconds,
        )

    def _delivered(self) -> list[Delivery]:
        """Interleave the subjects at random, each in its order, and repeat some messages."""
        subjects: dict[str, list[Delivery]] = {}
        for event in self.events:
            subjects.setdefault(event.group, []).append(event)
        delivered: list[Delivery] = []
        while waiting := [queue for queue in subjects.values() if queue]:
            delivered.append(self.noise.choice(waiting).pop(0))
            if self.noise.random() < 0.2:
                delivered.append(self.noise.choice(delivered))
        return delivered

    def _record(
        self,
        kind: Kind,
        outcome: Outcome,
        *,
        subject: str = "",
        key: str | None = None,
        body: dict[str, Any] | None = None,
        lost: bool = False,
    ) -> None:
        self.now += 1
        self.operations.append(
            Operation(
                number=len(self.operations),
                client=f"client-{self.noise.randrange(3)}",
                server="api",
                kind=kind,
                subject=subject,
                key=key,
                body=body,
                invoked_at=self.now - _SHORTEST - self.noise.choice((0, 0.5, 3)),
                completed_at=self.now + _SHORTEST + self.noise.choice((0, 0.5, 3)),
                outcome=Unknown("lost") if lost else outcome,
            )
        )

    def _emit(self, subject: str, sequence: str, kind: str) -> None:
        event = {
            "specversion": "1.0",
            "id": f"{subject}.{sequence}",
            "source": "/order_api" if kind.startswith("granary.order.") else "/order_processor",
            "type": kind,
            "subject": subject,
            "time": "2026-01-01T00:00:00.000+00:00",
            "data": {"order_id": subject},
        }
        self.events.append(Delivery(json.dumps(event), subject, f"{subject}.{sequence}"))

    def _move(self, order: _Order, source: int, target: int) -> None:
        for sku, units in order.lines.items():
            self.stock[sku][source] -= units
            self.stock[sku][target] += units

    def _return(self, order_id: str, how: str) -> None:
        order = self.orders[order_id]
        self._move(order, 1, 0)
        order.reservation, order.status = "RELEASED", "CANCELLED"
        self._emit(order_id, "r2", f"granary.reservation.{how}.v1")
        self._emit(order_id, "3", "granary.order.cancelled.v1")

    def _document(self, order_id: str) -> dict[str, Any]:
        order = self.orders[order_id]
        return {
            "order_id": order_id,
            "customer_id": order.customer,
            "status": order.status,
            "lines": _listed(order.lines),
        }

    def _shown(self, order_id: str) -> Ok:
        return Ok(200, json.dumps(self._document(order_id)))

    def _first_answer(self, order_id: str) -> Outcome:
        document = self._document(order_id)
        if document["status"] == "REJECTED":
            return _problem(409, "insufficient-stock", order_id=order_id)
        return Ok(201, json.dumps(document))

    def _level(self, sku: str) -> Ok:
        on_hand, reserved, sold = self.stock[sku]
        return Ok(200, json.dumps({"on_hand": on_hand, "reserved": reserved, "sold": sold}))


def _listed(lines: dict[str, int]) -> list[dict[str, Any]]:
    return [{"sku": sku, "quantity": units} for sku, units in lines.items()]


def _problem(status: int, slug: str, **members: str) -> Fail:
    return Fail(status, json.dumps({"type": PROBLEM_URN + slug, **members}))
