"""POST /v1/reservations with FastAPI and boto3: what most samples do, and what order_processor
does."""

import os
from datetime import UTC, datetime, timedelta
from typing import Any

from fastapi import FastAPI, HTTPException

from tools.bench.orders.plain.database import dynamodb, failed_condition, to_item, transact
from tools.bench.orders.plain.events import event_item, now, shard
from tools.bench.orders.plain.models import Line, Reservation, ReservationIn, StockIn

INVENTORY_TABLE = os.environ["INVENTORY_TABLE"]
RESERVATIONS_TABLE = os.environ["RESERVATIONS_TABLE"]
EVENTS_TABLE = os.environ["STOCK_EVENTS_TABLE"]
LIFETIME = timedelta(days=7)
_OTHER_ACTIONS = 2
"""Before a transaction's lines: the reservation and its event."""

app = FastAPI(title="plain processor")


@app.get("/health")
def health() -> dict[str, str]:
    """Say that the process lives."""
    return {"status": "ok"}


@app.put("/v1/inventory/{sku}")
def put_stock(sku: str, stock: StockIn) -> dict[str, int]:
    """Set the units of a SKU on hand."""
    dynamodb.update_item(
        TableName=INVENTORY_TABLE,
        Key=to_item({"sku": sku}),
        UpdateExpression=(
            "SET on_hand = :on_hand, reserved = if_not_exists(reserved, :zero), "
            "sold = if_not_exists(sold, :zero), updated_at = :now, "
            "version = if_not_exists(version, :zero) + :one"
        ),
        ExpressionAttributeValues=to_item(
            {":on_hand": stock.on_hand, ":zero": 0, ":one": 1, ":now": now()}
        ),
    )
    return {"on_hand": stock.on_hand}


@app.post("/v1/reservations", status_code=201)
def post_reservation(wanted: ReservationIn) -> Reservation:
    """Hold the stock of an order, all lines or none."""
    moment = now()
    lines = sorted(wanted.lines, key=lambda line: line.sku)
    held = Reservation.model_validate(
        {
            "order_id": wanted.order_id,
            "status": "HELD",
            "lines": [line.model_dump() for line in lines],
            "expires_at": (datetime.now(UTC) + LIFETIME).isoformat(timespec="milliseconds"),
            "created_at": moment,
            "updated_at": moment,
        }
    )
    try:
        transact([*record(held), *(hold(line, moment) for line in lines)])
    except dynamodb.exceptions.TransactionCanceledException as exc:
        if failed_condition(exc, 0) is not None:
            return standing(wanted.order_id)
        for position, line in enumerate(lines, start=_OTHER_ACTIONS):
            if failed_condition(exc, position) is not None:
                refused = held.model_copy(
                    update={
                        "status": "REFUSED",
                        "refusal": "insufficient-stock",
                        "refused_sku": line.sku,
                    }
                )
                transact(record(refused))
                raise refusal(refused) from exc
        raise
    return held


def record(reservation: Reservation) -> list[Any]:
    """Return the actions that keep a decision, if it is the order's first, and tell of it."""
    fields = reservation.model_dump(mode="json", exclude_none=True)
    item = dict(fields)
    if reservation.status == "HELD":
        item["held"] = shard(reservation.order_id)
    return [
        {
            "Put": {
                "TableName": RESERVATIONS_TABLE,
                "Item": to_item(item),
                "ConditionExpression": "attribute_not_exists(order_id)",
            }
        },
        {
            "Put": {
                "TableName": EVENTS_TABLE,
                "Item": event_item(
                    f"reservation.{reservation.status.lower()}",
                    event_id=f"{reservation.order_id}.r1",
                    source="/granary/order_processor",
                    subject=reservation.order_id,
                    sequence=1,
                    data={name: fields[name] for name in ("order_id", "status", "lines")},
                ),
            }
        },
    ]


def hold(line: Line, moment: str) -> Any:
    """Return the action that moves units from on hand to reserved, if there are enough."""
    return {
        "Update": {
            "TableName": INVENTORY_TABLE,
            "Key": to_item({"sku": line.sku}),
            "UpdateExpression": (
                "SET on_hand = on_hand - :units, reserved = reserved + :units, "
                "updated_at = :now, version = version + :one"
            ),
            "ConditionExpression": "on_hand >= :units",
            "ExpressionAttributeValues": to_item(
                {":units": line.quantity, ":now": moment, ":one": 1}
            ),
        }
    }


def standing(order_id: str) -> Reservation:
    """Return the decision that was made before, or refuse as it did."""
    item = dynamodb.get_item(
        TableName=RESERVATIONS_TABLE, Key=to_item({"order_id": order_id}), ConsistentRead=True
    )["Item"]
    lines = [
        {"sku": line["M"]["sku"]["S"], "quantity": int(line["M"]["quantity"]["N"])}
        for line in item["lines"]["L"]
    ]
    texts = {name: value["S"] for name, value in item.items() if "S" in value}
    reservation = Reservation.model_validate({**texts, "lines": lines})
    if reservation.status == "REFUSED":
        raise refusal(reservation)
    return reservation


def refusal(reservation: Reservation) -> HTTPException:
    """Return the answer for an order that got no stock."""
    return HTTPException(409, {"order_id": reservation.order_id, "sku": reservation.refused_sku})
