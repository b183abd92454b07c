"""What the tables hold at the end, read past the services."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from libs.dynamo import Dynamo, Item, whole_number
from libs.dynamo.values import decode_item
from services.tests.faults.checkers import (
    Delivery,
    FinalOrder,
    FinalReservation,
    StockLevel,
    lines_of,
)

_ORDER, _CLAIM = "ORDER#", "KEY#"


@dataclass(frozen=True)
class FinalState:
    """All items, by what they are about."""

    stock: Mapping[str, StockLevel]
    orders: Mapping[str, FinalOrder]
    reservations: Mapping[str, FinalReservation]
    claims: Mapping[str, str]
    unpublished: list[Delivery]
    """Events that wait in the outboxes, those of one subject in order."""

    def is_settled(self, *, holds_end: bool) -> bool:
        """Say whether nothing will change any more by itself.

        With `holds_end`, held stock returns by itself within the run.
        """
        standing = {"HELD": "CONFIRMED", "SOLD": "SHIPPED", "RELEASED": "CANCELLED"}
        for order_id, order in self.orders.items():
            reservation = self.reservations.get(order_id)
            if order.status == "PENDING" or reservation is None:
                return False
            if order.status == "CONFIRMED" and (
                holds_end or standing.get(reservation.status) != "CONFIRMED"
            ):
                return False
        held = any(one.status == "HELD" for one in self.reservations.values())
        return not (holds_end and held)


async def read_state(dynamo: Dynamo, names: Mapping[str, str]) -> FinalState:
    """Scan the tables, `names` being default name -> name."""
    orders = await _scan(dynamo, names["orders"])
    events = [
        item
        for table in ("order_events", "stock_events")
        for item in await _scan(dynamo, names[table])
        if "message" in item
    ]
    return FinalState(
        stock={
            str(item["sku"]): StockLevel(
                whole_number(item["on_hand"]),
                whole_number(item["reserved"]),
                whole_number(item["sold"]),
            )
            for item in await _scan(dynamo, names["inventory"])
        },
        orders={
            str(item["order_id"]): FinalOrder(
                str(item["customer_id"]),
                str(item["status"]),
                lines_of(item),
                expired=item.get("rejection") == "reservation-expired",
            )
            for item in orders
            if str(item["pk"]).startswith(_ORDER)
        },
        reservations={
            str(item["order_id"]): FinalReservation(str(item["status"]), lines_of(item))
            for item in await _scan(dynamo, names["reservations"])
        },
        claims={
            str(item["pk"]).removeprefix(_CLAIM): str(item["claimed_order_id"])
            for item in orders
            if str(item["pk"]).startswith(_CLAIM)
        },
        unpublished=[
            Delivery(str(item["message"]), str(item["subject"]), str(item["id"]))
            for item in sorted(events, key=lambda item: str(item["position"]))
        ],
    )


async def _scan(dynamo: Dynamo, table: str) -> list[Item]:
    items: list[Item] = []
    request: dict[str, Any] = {"TableName": table, "ConsistentRead": True}
    while True:
        answer = await dynamo.call("Scan", request)
        items += [decode_item(item) for item in answer["Items"]]
        if "LastEvaluatedKey" not in answer:
            return items
        request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]
