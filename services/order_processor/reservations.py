"""Reservations: all lines of an order or none, decided once by order id.

One item an order keeps the decision, a refusal included: whoever asks again with the same lines
gets the same answer, and a late duplicate cannot hold stock for an order that was already refused.
Held stock leaves in one of three ways: sold, released by a cancel, or released by expiry. Each is
one transaction under the condition that the stock is still HELD, so exactly one of them happens.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Literal

from prometheus_client import CollectorRegistry, Counter

from libs.contracts.inventory import Refusal, ReleaseReason, Reservation, ReservationIn
from libs.contracts.lines import Line
from libs.contracts.moments import moment
from libs.dynamo import ConflictError, Dynamo, Put, TransactionCancelledError, Update, partition_of
from libs.outbox import record
from libs.service_kit import ProblemError, failure_point
from services.order_processor.events import reservation_closed, reservation_decided
from services.order_processor.inventory import Inventory
from services.order_processor.problems import (
    CONTENTION,
    INSUFFICIENT_STOCK,
    RESERVATION_MISMATCH,
    RESERVATION_NOT_FOUND,
    RESERVATION_RELEASED,
    RESERVATION_SOLD,
    UNKNOWN_SKU,
)
from services.order_processor.tables import BY_EXPIRY

_REFUSALS = {"unknown-sku": UNKNOWN_SKU, "insufficient-stock": INSUFFICIENT_STOCK}

type _Move = Callable[[Line, str], Update]


class Reservations:
    """The reservations table, and its transactions with the inventory table.

    `written` is told the order id of every event that was written.
    """

    def __init__(
        self,
        dynamo: Dynamo,
        inventory: Inventory,
        *,
        table: str,
        events_table: str,
        written: Callable[[str], None],
        lifetime_seconds: float,
        registry: CollectorRegistry,
    ) -> None:
        self._dynamo = dynamo
        self._inventory = inventory
        self._table = table
        self._events_table = events_table
        self._written = written
        self._lifetime_seconds = lifetime_seconds
        self._outcomes = Counter(
            "reservations_total", "Reservations decided", ["outcome"], registry=registry
        )

    async def reserve(self, wanted: ReservationIn) -> Reservation:
        """Hold the stock of every line, or of none, and remember the decision.

        Raise `unknown-sku` or `insufficient-stock` with the SKU, `reservation-mismatch` when the
        order was decided with other lines, `reservation-released` or `reservation-sold` when it
        holds its stock no more, `contention` when other transactions kept getting in the way.
        """
        lines = sorted(wanted.lines, key=lambda line: line.sku)
        decision = await self._decide(wanted.order_id, lines)
        if _units(decision.lines) != _units(lines):
            raise ProblemError(
                RESERVATION_MISMATCH,
                f"order {wanted.order_id} was decided with other lines; use a new order id",
            )
        match decision.status:
            case "REFUSED":
                raise _refused(decision)
            case "RELEASED":
                raise _released(decision)
            case "SOLD":
                raise _sold(decision)
        return decision

    async def read(self, order_id: str) -> Reservation:
        """Return the decision about an order. Raise `reservation-not-found`."""
        item = await self._dynamo.get(self._table, {"order_id": order_id})
        if item is None:
            raise ProblemError(RESERVATION_NOT_FOUND, f"order {order_id} never asked for stock")
        return Reservation.model_validate(item)

    async def release(self, order_id: str, *, reason: ReleaseReason = "cancelled") -> Reservation:
        """Return the stock that the order holds, once however often this is asked.

        Raise `reservation-not-found` when it never held any, `reservation-sold` when it is sold,
        `contention` as `reserve` does.
        """
        closed = await self._close(
            order_id, "RELEASED", move=self._inventory.give_back, reason=reason
        )
        if closed.status == "SOLD":
            raise _sold(closed)
        return closed

    async def sell(self, order_id: str) -> Reservation:
        """Let the stock that the order holds leave for good, once however often this is asked.

        Raise `reservation-not-found` when it never held any, `reservation-released` when it was
        returned, `contention` as `reserve` does.
        """
        closed = await self._close(order_id, "SOLD", move=self._inventory.sell, reason=None)
        if closed.status == "RELEASED":
            raise _released(closed)
        return closed

    async def expired(self, partition: str, *, limit: int) -> list[str]:
        """Return order ids of one partition of the index whose stock should have returned by now.

        The index may be behind: some may be closed already, which `release` bears.
        """
        page = await self._dynamo.query(
            self._table,
            index=BY_EXPIRY,
            condition="held = :partition AND expires_at <= :now",
            values={":partition": partition, ":now": moment(time.time())},
            limit=limit,
        )
        return [str(item["order_id"]) for item in page.items]

    async def probe(self) -> None:
        """Raise unless the tables of reservations and of events answer."""
        await asyncio.gather(
            self._dynamo.get(self._table, {"order_id": "-"}),
            self._dynamo.get(self._events_table, {"shard": "-", "position": "-"}),
        )

    async def _decide(self, order_id: str, lines: Sequence[Line]) -> Reservation:
        """Return the decision about the order: a new one, or the one that stands."""
        seconds = time.time()
        now = moment(seconds)
        held = Reservation.model_validate(
            {
                "order_id": order_id,
                "status": "HELD",
                "lines": lines,
                "expires_at": moment(seconds + self._lifetime_seconds),
                "created_at": now,
                "updated_at": now,
            }
        )
        holds = [self._inventory.hold(line, now) for line in lines]
        try:
            await self._transact([*self._record(held, now), *holds])
        except TransactionCancelledError as exc:
            if standing := exc.failed_condition(0):
                return Reservation.model_validate(standing.item)
            refused = _refusal(held, exc, offset=2)
            if refused is None:
                raise
            return await self._refuse(refused, now)
        self._written(order_id)
        await failure_point("stock-held")
        self._outcomes.labels("held").inc()
        return held

    async def _refuse(self, refused: Reservation, now: str) -> Reservation:
        """Record the refusal, unless another attempt decided first: then its decision stands."""
        try:
            await self._transact(self._record(refused, now))
        except TransactionCancelledError as exc:
            if standing := exc.failed_condition(0):
                return Reservation.model_validate(standing.item)
            raise
        self._written(refused.order_id)
        self._outcomes.labels(refused.refusal).inc()
        return refused

    def _record(self, decision: Reservation, now: str) -> list[Put]:
        """Return the actions that keep a decision, if it is the order's first, and tell of it."""
        item = decision.model_dump(mode="json", exclude_none=True)
        if decision.status == "HELD":
            item["held"] = partition_of(decision.order_id)
        keep = Put(table=self._table, item=item, condition="attribute_not_exists(order_id)")
        return [keep, record(reservation_decided(decision, now=now), table=self._events_table)]

    async def _close(
        self,
        order_id: str,
        status: Literal["RELEASED", "SOLD"],
        *,
        move: _Move,
        reason: ReleaseReason | None,
    ) -> Reservation:
        """Move the stock that the order holds, if it still holds it; return what it came to."""
        standing = await self.read(order_id)
        if standing.status == "REFUSED":
            raise ProblemError(RESERVATION_NOT_FOUND, f"order {order_id} never held stock")
        if standing.status != "HELD":
            return standing
        now = moment(time.time())
        closed = Reservation.model_validate(
            standing.model_dump() | {"status": status, "release_reason": reason, "updated_at": now}
        )
        close = Update(
            table=self._table,
            key={"order_id": order_id},
            update="SET #status = :status, updated_at = :now"
            + (", release_reason = :reason" if reason else "")
            + " REMOVE held",
            condition="#status = :held",
            names={"#status": "status"},
            values={":status": status, ":held": "HELD", ":now": now}
            | ({":reason": reason} if reason else {}),
        )
        event = record(reservation_closed(closed, now=now), table=self._events_table)
        moves = [move(line, now) for line in standing.lines]
        try:
            await self._transact([close, event, *moves])
        except TransactionCancelledError as exc:
            if exc.failed_condition(0) is None:
                raise
            return await self.read(order_id)
        self._written(order_id)
        await failure_point("stock-moved")
        self._outcomes.labels(reason or "sold").inc()
        return closed

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


def _units(lines: Sequence[Line]) -> dict[str, int]:
    return {line.sku: line.quantity for line in lines}


def _refusal(
    held: Reservation, exc: TransactionCancelledError, *, offset: int
) -> Reservation | None:
    """Return why the stock does not suffice, or None when that is not what cancelled `exc`.

    The actions of the lines begin at `offset`.
    """
    short: list[tuple[Refusal, str]] = []
    for position, line in enumerate(held.lines, start=offset):
        if reason := exc.failed_condition(position):
            short.append(("insufficient-stock" if reason.item else "unknown-sku", line.sku))
    if not short:
        return None
    # A SKU that does not exist is the caller's mistake and tells more than a shortage beside it.
    refusal, sku = max(short, key=lambda found: found[0] == "unknown-sku")
    return held.model_copy(update={"status": "REFUSED", "refusal": refusal, "refused_sku": sku})


def _refused(decision: Reservation) -> ProblemError:
    kind = _REFUSALS[decision.refusal or "insufficient-stock"]
    sku = decision.refused_sku
    detail = {
        UNKNOWN_SKU: f"{sku} is not stocked",
        INSUFFICIENT_STOCK: f"there are not enough units of {sku} on hand",
    }[kind]
    return ProblemError(kind, detail, sku=sku, order_id=decision.order_id)


def _released(decision: Reservation) -> ProblemError:
    return ProblemError(
        RESERVATION_RELEASED,
        f"order {decision.order_id} gave its stock back ({decision.release_reason})",
        order_id=decision.order_id,
        release_reason=decision.release_reason,
    )


def _sold(decision: Reservation) -> ProblemError:
    return ProblemError(
        RESERVATION_SOLD, f"order {decision.order_id} was sold", order_id=decision.order_id
    )
