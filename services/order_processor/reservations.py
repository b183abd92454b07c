"""Reservations: all lines of an order or none, decided once by order id.

One item an order keeps the decision, a refusal included: whoever asks again with the same lines
gets the same answer, and a late duplicate cannot hold stock for an order that was already refused.
"""

from collections.abc import Sequence
from typing import Literal

from prometheus_client import CollectorRegistry, Counter
from pydantic import BaseModel

from libs.dynamo import (
    ConditionFailedError,
    ConflictError,
    Dynamo,
    Put,
    TransactionCancelledError,
    Update,
)
from libs.service_kit import ProblemError
from services.order_processor.inventory import Inventory, timestamp
from services.order_processor.models import Line, Reservation, ReservationIn
from services.order_processor.problems import (
    CONTENTION,
    INSUFFICIENT_STOCK,
    RESERVATION_MISMATCH,
    RESERVATION_NOT_FOUND,
    RESERVATION_RELEASED,
    UNKNOWN_SKU,
)

_REFUSALS = {"unknown-sku": UNKNOWN_SKU, "insufficient-stock": INSUFFICIENT_STOCK}

type Refusal = Literal["unknown-sku", "insufficient-stock"]


class _Decision(BaseModel):
    """An item of the reservations table."""

    order_id: str
    status: Literal["HELD", "RELEASED", "REFUSED"]
    lines: list[Line]
    refusal: Refusal | None = None
    refused_sku: str | None = None
    created_at: str
    updated_at: str

    def item(self) -> dict[str, object]:
        return self.model_dump(exclude_none=True)


class Reservations:
    """The reservations table, and its transactions with the inventory table."""

    def __init__(
        self, dynamo: Dynamo, inventory: Inventory, *, table: str, registry: CollectorRegistry
    ) -> None:
        self._dynamo = dynamo
        self._inventory = inventory
        self._table = table
        self._outcomes = Counter(
            "reservations_total", "Reservations decided", ["outcome"], registry=registry
        )

    async def reserve(self, wanted: ReservationIn) -> Reservation:
        """Hold the stock of every line, or of none, and remember the decision.

        Raise `unknown-sku` or `insufficient-stock` with the SKU, `reservation-mismatch` when the
        order was decided with other lines, `reservation-released` when its stock was returned
        since, `contention` when other transactions kept getting in the way.
        """
        lines = sorted(wanted.lines, key=lambda line: line.sku)
        decision = await self._decide(wanted.order_id, lines)
        if decision.lines != lines:
            raise ProblemError(
                RESERVATION_MISMATCH,
                f"order {wanted.order_id} was decided with other lines; use a new order id",
            )
        if decision.status == "REFUSED":
            raise _refused(decision)
        if decision.status == "RELEASED":
            raise ProblemError(
                RESERVATION_RELEASED, f"order {wanted.order_id} gave its stock back; use a new id"
            )
        return Reservation.model_validate(decision.model_dump())

    async def release(self, order_id: str) -> Reservation:
        """Return the stock that the order holds, once however often this is asked.

        Raise `reservation-not-found` when it never held any, `contention` as `reserve` does.
        """
        decision = await self._find(order_id)
        if decision and decision.status == "HELD":
            now = timestamp()
            close = Update(
                table=self._table,
                key={"order_id": order_id},
                update="SET #status = :released, updated_at = :now",
                condition="#status = :held",
                names={"#status": "status"},
                values={":released": "RELEASED", ":held": "HELD", ":now": now},
            )
            returns = [self._inventory.give_back(line, now) for line in decision.lines]
            try:
                await self._transact([close, *returns])
            except TransactionCancelledError as exc:
                if exc.failed_condition(0) is None:
                    raise
            else:
                self._outcomes.labels("released").inc()
            decision = await self._find(order_id)
        if decision is None or decision.status == "REFUSED":
            raise ProblemError(RESERVATION_NOT_FOUND, f"order {order_id} never held stock")
        return Reservation.model_validate(decision.model_dump())

    async def probe(self) -> None:
        """Raise unless the table answers."""
        await self._dynamo.get(self._table, {"order_id": "-"})

    async def _decide(self, order_id: str, lines: list[Line]) -> _Decision:
        """Return the decision about the order: a new one, or the one that stands."""
        now = timestamp()
        held = _Decision(
            order_id=order_id, status="HELD", lines=lines, created_at=now, updated_at=now
        )
        holds = [self._inventory.hold(line, now) for line in lines]
        try:
            await self._transact([self._record(held), *holds])
        except TransactionCancelledError as exc:
            if standing := exc.failed_condition(0):
                return _Decision.model_validate(standing.item)
            refused = _refusal(held, exc)
            if refused is None:
                raise
            return await self._refuse(refused)
        self._outcomes.labels("held").inc()
        return held

    async def _refuse(self, refused: _Decision) -> _Decision:
        """Record the refusal, unless another attempt decided first: then its decision stands."""
        try:
            await self._dynamo.put(self._record(refused))
        except ConditionFailedError as exc:
            return _Decision.model_validate(exc.item)
        self._outcomes.labels(refused.refusal).inc()
        return refused

    def _record(self, decision: _Decision) -> Put:
        return Put(
            table=self._table, item=decision.item(), condition="attribute_not_exists(order_id)"
        )

    async def _find(self, order_id: str) -> _Decision | None:
        item = await self._dynamo.get(self._table, {"order_id": order_id})
        return _Decision.model_validate(item) if item else None

    async def _transact(self, actions: Sequence[Put | Update]) -> None:
        try:
            await self._dynamo.transact(actions)
        except ConflictError as exc:
            self._outcomes.labels("contention").inc()
            raise ProblemError(
                CONTENTION,
                "other orders kept changing the same stock; repeat the request",
                headers={"Retry-After": "1"},
            ) from exc


def _refusal(held: _Decision, exc: TransactionCancelledError) -> _Decision | None:
    """Return why the stock does not suffice, or None when that is not what cancelled `exc`."""
    short: list[tuple[Refusal, str]] = []
    for position, line in enumerate(held.lines, start=1):
        if reason := exc.failed_condition(position):
            short.append(("insufficient-stock" if reason.item else "unknown-sku", line.sku))
    if not short:
        return None
    # A SKU that does not exist is the caller's mistake and tells more than a shortage beside it.
    refusal, sku = max(short, key=lambda found: found[0] == "unknown-sku")
    return held.model_copy(update={"status": "REFUSED", "refusal": refusal, "refused_sku": sku})


def _refused(decision: _Decision) -> ProblemError:
    kind = _REFUSALS[decision.refusal or "insufficient-stock"]
    sku = decision.refused_sku
    detail = {
        UNKNOWN_SKU: f"{sku} is not stocked",
        INSUFFICIENT_STOCK: f"there are not enough units of {sku} on hand",
    }[kind]
    return ProblemError(kind, detail, sku=sku, order_id=decision.order_id)
