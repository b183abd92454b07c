"""Orders and idempotency claims in DynamoDB."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from libs.dynamo import (
    BadCursorError,
    ConditionFailedError,
    Dynamo,
    Item,
    Put,
    TransactionCancelledError,
    Update,
    decode_cursor,
    encode_cursor,
)
from libs.service_kit import ProblemError
from services.order_api.identifiers import is_order_id
from services.order_api.models import ListQuery, Order, OrderPage, Status
from services.order_api.problems import BAD_CURSOR
from services.order_api.tables import BY_CUSTOMER

KEY_LIFETIME_SECONDS = 24 * 60 * 60
"""How long an Idempotency-Key is remembered."""


@dataclass(frozen=True, slots=True)
class Claim:
    """Who placed an order under an Idempotency-Key: the first order of that key, and its body."""

    order_id: str
    fingerprint: str


class OrderRepository:
    """The orders table. Every change of a state names the state that it expects."""

    def __init__(self, dynamo: Dynamo, *, table: str) -> None:
        self._dynamo = dynamo
        self._table = table

    async def create(self, order: Order, *, key: str, fingerprint: str) -> Claim | None:
        """Write a new order and the claim of its key, both or none.

        Return None when both were written, else the claim that stands.
        """
        now = int(time.time())
        claim: Item = {
            "pk": f"KEY#{key}",
            "claimed_order_id": order.order_id,
            "fingerprint": fingerprint,
            "expires_at": now + KEY_LIFETIME_SECONDS,
        }
        actions = [
            Put(
                table=self._table,
                item=claim,
                # DynamoDB drops expired items late, so an expired one counts as absent.
                condition="attribute_not_exists(pk) OR expires_at <= :now",
                values={":now": now},
            ),
            Put(table=self._table, item=_item(order), condition="attribute_not_exists(pk)"),
        ]
        try:
            await self._dynamo.transact(actions)
        except TransactionCancelledError as exc:
            standing = exc.failed_condition(0)
            if standing is None or standing.item is None:
                raise
            item = standing.item
            return Claim(str(item["claimed_order_id"]), str(item["fingerprint"]))
        return None

    async def find(self, order_id: str) -> Order | None:
        """Return the order as the last finished write left it, or None."""
        item = await self._dynamo.get(self._table, {"pk": f"ORDER#{order_id}"})
        return Order.model_validate(item) if item else None

    async def change(
        self, order_id: str, *, expected: Status, **changes: str | bool
    ) -> Order | None:
        """Set attributes of an order that is in the state `expected`.

        Return the changed order, or None when it is in another state.
        """
        changes = {**changes, "updated_at": timestamp()}
        sets = ", ".join(f"#{name} = :{name}" for name in changes)
        try:
            item = await self._dynamo.update(
                Update(
                    table=self._table,
                    key={"pk": f"ORDER#{order_id}"},
                    update=f"SET {sets}",
                    condition="#status = :expected",
                    names={"#status": "status"} | {f"#{name}": name for name in changes},
                    values={":expected": expected}
                    | {f":{name}": value for name, value in changes.items()},
                )
            )
        except ConditionFailedError:
            return None
        return Order.model_validate(item)

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
        """Raise unless the table answers."""
        await self._dynamo.get(self._table, {"pk": "-"})


def timestamp() -> str:
    """Return the present moment as the table holds it: ISO 8601, UTC, milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _item(order: Order) -> Item:
    fields: Item = order.model_dump(mode="json", exclude_none=True)
    return {"pk": f"ORDER#{order.order_id}"} | fields


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
