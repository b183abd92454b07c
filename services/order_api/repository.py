"""Orders in DynamoDB. Every change of a state names the state that it expects, and its event is
written in the same transaction."""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from libs.contracts.moments import moment
from libs.contracts.orders import Order, OrderPage, Status
from libs.cursors import BadCursorError, decode_cursor, encode_cursor
from libs.dynamo import (
    ConditionFailedError,
    Dynamo,
    Item,
    Put,
    TransactionCancelledError,
    Update,
    partition_of,
)
from libs.outbox import record
from libs.service_kit import ProblemError
from services.order_api import claims
from services.order_api.answers import Answer
from services.order_api.claims import Claim, claim_from, claim_key
from services.order_api.events import order_event
from services.order_api.identifiers import is_order_id
from services.order_api.models import ListQuery
from services.order_api.problems import BAD_CURSOR
from services.order_api.tables import BY_CUSTOMER, BY_DUE

_FINAL: tuple[Status, ...] = ("REJECTED", "CANCELLED", "SHIPPED")


class LostClaimError(Exception):
    """Another attempt took the claim over, or completed it; nothing was written."""


@dataclass(frozen=True, slots=True)
class Overtaken:
    """Somebody else changed the order first; nothing was written."""

    order: Order


class OrderRepository:
    """The orders table and its outbox.

    `written` is told the order id of every event that was written.
    """

    def __init__(
        self,
        dynamo: Dynamo,
        *,
        table: str,
        events_table: str,
        written: Callable[[str], None],
    ) -> None:
        self._dynamo = dynamo
        self._table = table
        self._events_table = events_table
        self._written = written

    async def create(self, order: Order, claim: Claim, *, due_at: str) -> Claim | None:
        """Write a new order, its event and the claim of its key, all or none.

        The reconciler looks at the order from `due_at` on. Return None when all were written, else
        the claim that stands.
        """
        item = _item(order) | {"due": partition_of(order.order_id), "due_at": due_at}
        actions = [
            claims.take(claim, table=self._table),
            Put(table=self._table, item=item, condition="attribute_not_exists(pk)"),
            self._tell(order),
        ]
        try:
            await self._dynamo.transact(actions)
        except TransactionCancelledError as exc:
            standing = exc.failed_condition(0)
            if standing is None or standing.item is None:
                raise
            return claim_from(standing.item)
        self._written(order.order_id)
        return None

    async def find(self, order_id: str) -> Order | None:
        """Return the order as the last finished write left it, or None."""
        item = await self._dynamo.get(self._table, _key(order_id))
        return Order.model_validate(item) if item else None

    async def move(
        self,
        order: Order,
        *,
        expected: Status,
        due_at: str | None = None,
        claim: Claim | None = None,
        answer: Answer | None = None,
    ) -> Overtaken | None:
        """Write the order's new state and its event, if its state is still `expected`.

        With a claim, complete it with `answer` in the same transaction. Return None when all was
        written. Raise LostClaimError when the claim is not the caller's any more.
        """
        actions: list[Put | Update] = [
            self._transition(order, expected=expected, due_at=due_at),
            self._tell(order),
        ]
        if claim and answer:
            actions.append(claims.complete(claim, answer, table=self._table))
        try:
            await self._dynamo.transact(actions)
        except TransactionCancelledError as exc:
            if claim and exc.failed_condition(2):
                raise LostClaimError from exc
            if changed := exc.failed_condition(0):
                return Overtaken(Order.model_validate(changed.item))
            raise
        self._written(order.order_id)
        return None

    async def look_again(self, order_id: str, *, expected: Status, due_at: str) -> bool:
        """Have the reconciler look at an order from `due_at` on; False in another state."""
        action = Update(
            table=self._table,
            key=_key(order_id),
            update="SET due = :due, due_at = :due_at",
            condition="#status = :expected",
            names={"#status": "status"},
            values={":due": partition_of(order_id), ":due_at": due_at, ":expected": expected},
        )
        try:
            await self._dynamo.update(action)
        except ConditionFailedError:
            return False
        return True

    async def due(self, partition: str, *, limit: int) -> list[str]:
        """Return ids of orders of one partition that are due, the longest due first.

        The index may be behind: what is read here is only a hint to look at the order itself.
        """
        page = await self._dynamo.query(
            self._table,
            index=BY_DUE,
            condition="due = :partition AND due_at <= :now",
            values={":partition": partition, ":now": moment(time.time())},
            limit=limit,
        )
        return [str(item["pk"]).removeprefix("ORDER#") for item in page.items]

    async def claim(self, key: str) -> Claim | None:
        """Return the claim of a key, or None."""
        item = await self._dynamo.get(self._table, claim_key(key))
        return claim_from(item) if item else None

    async def take_over(self, claim: Claim, *, from_owner: str) -> None:
        """Make `claim.owner` the owner of an abandoned claim. Raise LostClaimError."""
        await self._change_claim(claims.take_over(claim, from_owner=from_owner, table=self._table))

    async def complete(self, claim: Claim, answer: Answer) -> None:
        """Keep the answer of a request. Raise LostClaimError."""
        await self._change_claim(claims.complete(claim, answer, table=self._table))

    async def give_up(self, claim: Claim) -> None:
        """End the lease of a claim that its owner cannot complete. Raise LostClaimError."""
        await self._change_claim(claims.give_up(claim, table=self._table))

    async def page(self, query: ListQuery) -> OrderPage:
        """Return a customer's orders, newest first. Raise `bad-cursor`.

        The index is behind the table for some milliseconds, so a new order may be missing at first.
        """
        page = await self._dynamo.query(
            self._table,
            index=BY_CUSTOMER,
            condition="customer_id = :customer",
            values={":customer": query.customer_id},
            limit=query.limit,
            descending=True,
            start=_start(query),
        )
        last = page.last_key
        return OrderPage(
            orders=[Order.model_validate(item) for item in page.items],
            next_cursor=encode_cursor(_cursor_key(last)) if last else None,
        )

    async def probe(self) -> None:
        """Raise unless both tables answer."""
        await asyncio.gather(
            self._dynamo.get(self._table, {"pk": "-"}),
            self._dynamo.get(self._events_table, {"shard": "-", "position": "-"}),
        )

    def _tell(self, order: Order) -> Put:
        return record(order_event(order), table=self._events_table)

    def _transition(self, order: Order, *, expected: Status, due_at: str | None) -> Update:
        changes: Item = order.model_dump(
            mode="json",
            include={"status", "rejection", "rejected_sku", "cancel_reason", "updated_at"},
            exclude_none=True,
        )
        if due_at:
            changes["due_at"] = due_at
        sets = ", ".join(f"#{name} = :{name}" for name in changes)
        # A final state changes no more, so the reconciler need not see it.
        removes = " REMOVE due, due_at" if order.status in _FINAL else ""
        return Update(
            table=self._table,
            key=_key(order.order_id),
            update=f"SET {sets}{removes}",
            condition="#status = :expected",
            names={f"#{name}": name for name in changes},
            values={f":{name}": value for name, value in changes.items()} | {":expected": expected},
        )

    async def _change_claim(self, action: Update) -> None:
        try:
            await self._dynamo.update(action)
        except ConditionFailedError as exc:
            raise LostClaimError from exc


def _key(order_id: str) -> dict[str, str]:
    return {"pk": f"ORDER#{order_id}"}


def _item(order: Order) -> Item:
    fields: Item = order.model_dump(mode="json", exclude_none=True)
    return _key(order.order_id) | fields


def _cursor_key(last: Mapping[str, str]) -> dict[str, str]:
    return {name: last[name] for name in ("customer_id", "order_id")}


def _start(query: ListQuery) -> dict[str, str] | None:
    """Return the key that the cursor stands for, after checking that it is of this very list."""
    if query.cursor is None:
        return None
    try:
        key = decode_cursor(query.cursor, names=("customer_id", "order_id"))
    except BadCursorError as exc:
        raise ProblemError(BAD_CURSOR, f"{exc}; start again without a cursor") from exc
    if key["customer_id"] != query.customer_id:
        raise ProblemError(BAD_CURSOR, "the cursor is of another customer's list")
    if not is_order_id(key["order_id"]):
        raise ProblemError(BAD_CURSOR, "the cursor names no order; start again without a cursor")
    return key | {"pk": f"ORDER#{key['order_id']}"}
