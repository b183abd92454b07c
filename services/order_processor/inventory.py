"""Stock levels in DynamoDB."""

import time
from collections.abc import Callable

from libs.contracts.inventory import Stock
from libs.contracts.lines import Line
from libs.contracts.moments import moment
from libs.dynamo import Dynamo, TransactionCancelledError, Update
from libs.outbox import record
from libs.service_kit import ProblemError
from services.order_processor.events import stock_set
from services.order_processor.problems import SKU_NOT_FOUND, STOCK_CHANGED


class Inventory:
    """The inventory table: one item a SKU, with its units on hand, reserved and sold.

    `written` is told the subject of every event that was written.
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

    async def read(self, sku: str) -> Stock:
        """Return the stock of `sku`. Raise `sku-not-found`."""
        item = await self._dynamo.get(self._table, {"sku": sku})
        if item is None:
            raise ProblemError(SKU_NOT_FOUND, f"no stock was ever set for {sku}", sku=sku)
        return Stock.model_validate(item)

    async def set_on_hand(self, sku: str, on_hand: int, *, if_version: int | None) -> Stock:
        """Set the units on hand and tell of it, leaving reserved and sold units as they are.

        Return the stock as it stands afterwards. With `if_version`, raise `stock-changed` unless
        the stock still has that version.
        """
        set_at = time.time_ns()
        while True:
            try:
                await self._set(sku, on_hand, set_at=set_at, if_version=if_version)
            except TransactionCancelledError as exc:
                refused = exc.failed_condition(0)
                if refused is None:
                    raise
                standing = refused.item or {}
                if if_version is not None and standing.get("version") != if_version:
                    raise ProblemError(
                        STOCK_CHANGED, f"read {sku} again and decide on its present stock", sku=sku
                    ) from exc
                # Another was written first with a later time: its own clock's, or this one's.
                set_at = max(time.time_ns(), int(str(standing["set_at"])) + 1)
            else:
                break
        self._written(sku)
        return await self.read(sku)

    def hold(self, line: Line, now: str) -> Update:
        """Return the action that moves units from on hand to reserved, if there are enough."""
        return self._move(
            line,
            "on_hand = on_hand - :units, reserved = reserved + :units",
            condition="on_hand >= :units",
            now=now,
        )

    def give_back(self, line: Line, now: str) -> Update:
        """Return the action that moves units from reserved back to on hand."""
        return self._move(
            line,
            "on_hand = on_hand + :units, reserved = reserved - :units",
            condition="reserved >= :units",
            now=now,
        )

    def sell(self, line: Line, now: str) -> Update:
        """Return the action that moves units from reserved to sold."""
        return self._move(
            line,
            "sold = sold + :units, reserved = reserved - :units",
            condition="reserved >= :units",
            now=now,
        )

    async def probe(self) -> None:
        """Raise unless the table answers."""
        await self._dynamo.get(self._table, {"sku": "-"})

    async def _set(self, sku: str, on_hand: int, *, set_at: int, if_version: int | None) -> None:
        """Write the units and their event, unless others were set at that time or later.

        `set_at`, in nanoseconds, is the event's place among those of the SKU: told in any other
        order than written, the last event would tell of units that are not those on hand.
        """
        now = moment(set_at / 1e9)
        action = Update(
            table=self._table,
            key={"sku": sku},
            update=(
                "SET on_hand = :on_hand, reserved = if_not_exists(reserved, :zero), "
                "sold = if_not_exists(sold, :zero), updated_at = :now, set_at = :set_at, "
                "version = if_not_exists(version, :zero) + :one"
            ),
            condition="(attribute_not_exists(set_at) OR set_at < :set_at)"
            + ("" if if_version is None else " AND version = :expected"),
            values={":on_hand": on_hand, ":zero": 0, ":one": 1, ":now": now, ":set_at": set_at}
            | ({} if if_version is None else {":expected": if_version}),
        )
        event = record(
            stock_set(sku, on_hand, now=now, nanoseconds=set_at),
            table=self._events_table,
        )
        await self._dynamo.transact([action, event])

    def _move(self, line: Line, change: str, *, condition: str, now: str) -> Update:
        return Update(
            table=self._table,
            key={"sku": line.sku},
            update=f"SET {change}, updated_at = :now, version = version + :one",
            condition=condition,
            values={":units": line.quantity, ":now": now, ":one": 1},
        )
