"""Stock levels in DynamoDB."""

from datetime import UTC, datetime

from libs.dynamo import ConditionFailedError, Dynamo, Update
from libs.service_kit import ProblemError
from services.order_processor.models import Line, Stock
from services.order_processor.problems import SKU_NOT_FOUND, STOCK_CHANGED


def timestamp() -> str:
    """Return the present moment as the tables hold it: ISO 8601, UTC, milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


class Inventory:
    """The inventory table: one item a SKU, with its units on hand, reserved and sold."""

    def __init__(self, dynamo: Dynamo, *, table: str) -> None:
        self._dynamo = dynamo
        self._table = table

    async def read(self, sku: str) -> Stock:
        """Return the stock of `sku`. Raise `sku-not-found`."""
        item = await self._dynamo.get(self._table, {"sku": sku})
        if item is None:
            raise ProblemError(SKU_NOT_FOUND, f"no stock was ever set for {sku}", sku=sku)
        return Stock.model_validate(item)

    async def set_on_hand(self, sku: str, on_hand: int, *, if_version: int | None) -> Stock:
        """Set the units on hand, in one write that leaves reserved and sold units as they are.

        With `if_version`, raise `stock-changed` unless the stock still has that version.
        """
        action = Update(
            table=self._table,
            key={"sku": sku},
            update=(
                "SET on_hand = :on_hand, reserved = if_not_exists(reserved, :zero), "
                "sold = if_not_exists(sold, :zero), updated_at = :now, "
                "version = if_not_exists(version, :zero) + :one"
            ),
            condition=None if if_version is None else "version = :expected",
            values={":on_hand": on_hand, ":zero": 0, ":one": 1, ":now": timestamp()}
            | ({} if if_version is None else {":expected": if_version}),
        )
        try:
            # A lost answer must not be repeated under a version: the repeat would meet its own
            # change.
            item = await self._dynamo.update(action, repeatable=if_version is None)
        except ConditionFailedError as exc:
            raise ProblemError(
                STOCK_CHANGED, f"read {sku} again and decide on its present stock", sku=sku
            ) from exc
        return Stock.model_validate(item)

    def hold(self, line: Line, now: str) -> Update:
        """Return the action that moves units from on hand to reserved, if there are enough."""
        return Update(
            table=self._table,
            key={"sku": line.sku},
            update=(
                "SET on_hand = on_hand - :units, reserved = reserved + :units, "
                "updated_at = :now, version = version + :one"
            ),
            condition="on_hand >= :units",
            values={":units": line.quantity, ":now": now, ":one": 1},
        )

    def give_back(self, line: Line, now: str) -> Update:
        """Return the action that moves units from reserved back to on hand."""
        return Update(
            table=self._table,
            key={"sku": line.sku},
            update=(
                "SET on_hand = on_hand + :units, reserved = reserved - :units, "
                "updated_at = :now, version = version + :one"
            ),
            condition="reserved >= :units",
            values={":units": line.quantity, ":now": now, ":one": 1},
        )

    async def probe(self) -> None:
        """Raise unless the table answers."""
        await self._dynamo.get(self._table, {"sku": "-"})
