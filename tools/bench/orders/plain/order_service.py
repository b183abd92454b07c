"""POST /v1/orders with FastAPI, boto3 and httpx: what most samples do, and what order_api does."""

import hashlib
import os
import time
import uuid
from typing import Annotated, Any

import httpx
from fastapi import FastAPI, Header, HTTPException, Response

from tools.bench.orders.plain.database import dynamodb, failed_condition, to_item, transact
from tools.bench.orders.plain.events import event_item, now, shard
from tools.bench.orders.plain.models import Order, OrderIn

ORDERS_TABLE = os.environ["ORDERS_TABLE"]
EVENTS_TABLE = os.environ["ORDER_EVENTS_TABLE"]
LEASE_SECONDS = 15
KEY_LIFETIME_SECONDS = 24 * 60 * 60

app = FastAPI(title="plain order service")
processor = httpx.Client(base_url=os.environ["ORDER_PROCESSOR_URL"], timeout=9)

type Key = Annotated[str, Header(alias="Idempotency-Key", pattern=r"^[\x21-\x7e]{1,255}$")]


@app.get("/health")
def health() -> dict[str, str]:
    """Say that the process lives."""
    return {"status": "ok"}


@app.post("/v1/orders", status_code=201, response_model=Order)
def place_order(wanted: OrderIn, key: Key, response: Response) -> Order | Response:
    """Place an order; repeating it with the same key gets the same answer."""
    owner = uuid.uuid4().hex
    moment = now()
    order = Order.model_validate(
        {
            **wanted.model_dump(),
            "order_id": str(uuid.uuid4()),
            "status": "PENDING",
            "created_at": moment,
            "updated_at": moment,
        }
    )
    fingerprint = hashlib.sha256(wanted.model_dump_json().encode()).hexdigest()
    standing = create(order, key=key, owner=owner, fingerprint=fingerprint)
    if standing is not None:
        return replay(standing, fingerprint)
    answer = processor.post(
        "/v1/reservations",
        json={"order_id": order.order_id, "lines": [line.model_dump() for line in order.lines]},
    )
    expires_at = None
    if answer.status_code == 201:
        order.status = "CONFIRMED"
        expires_at = answer.json()["expires_at"]
    elif answer.status_code == 409:
        order.status = "REJECTED"
        order.rejection, order.rejected_sku = "insufficient-stock", answer.json()["detail"]["sku"]
    else:
        raise HTTPException(503, "the processor gave no decision")
    settle(order, key=key, owner=owner, due_at=expires_at)
    if order.status == "REJECTED":
        raise HTTPException(409, {"order_id": order.order_id, "sku": order.rejected_sku})
    response.headers["Location"] = f"/v1/orders/{order.order_id}"
    return order


def create(order: Order, *, key: str, owner: str, fingerprint: str) -> dict[str, Any] | None:
    """Write the claim, the order and its event; return the claim that stands in the way."""
    seconds = int(time.time())
    claim = {
        "pk": f"KEY#{key}",
        "claimed_order_id": order.order_id,
        "fingerprint": fingerprint,
        "claim_owner": owner,
        "lease_until": (seconds + LEASE_SECONDS) * 1000,
        "expires_at": seconds + KEY_LIFETIME_SECONDS,
    }
    fields = order.model_dump(mode="json", exclude_none=True)
    item = fields | {
        "pk": f"ORDER#{order.order_id}",
        "due": shard(order.order_id),
        "due_at": now(),
    }
    try:
        transact(
            [
                {
                    "Put": {
                        "TableName": ORDERS_TABLE,
                        "Item": to_item(claim),
                        "ConditionExpression": "attribute_not_exists(pk) OR expires_at <= :now",
                        "ExpressionAttributeValues": to_item({":now": seconds}),
                        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
                    }
                },
                {
                    "Put": {
                        "TableName": ORDERS_TABLE,
                        "Item": to_item(item),
                        "ConditionExpression": "attribute_not_exists(pk)",
                    }
                },
                {"Put": {"TableName": EVENTS_TABLE, "Item": order_event("placed", 1, order)}},
            ]
        )
    except dynamodb.exceptions.TransactionCanceledException as exc:
        standing = failed_condition(exc, 0)
        if standing is None:
            raise
        return standing
    return None


def settle(order: Order, *, key: str, owner: str, due_at: str | None) -> None:
    """Write the decision, its event and the answer for whoever repeats the request."""
    sets = "#status = :status, updated_at = :now"
    values: dict[str, Any] = {":status": order.status, ":now": now(), ":pending": "PENDING"}
    if due_at:
        change, values[":due_at"] = f"SET {sets}, due_at = :due_at", due_at
    else:
        change = f"SET {sets}, rejection = :why, rejected_sku = :sku REMOVE due, due_at"
        values |= {":why": order.rejection, ":sku": order.rejected_sku}
    transact(
        [
            {
                "Update": {
                    "TableName": ORDERS_TABLE,
                    "Key": to_item({"pk": f"ORDER#{order.order_id}"}),
                    "UpdateExpression": change,
                    "ConditionExpression": "#status = :pending",
                    "ExpressionAttributeNames": {"#status": "status"},
                    "ExpressionAttributeValues": to_item(values),
                }
            },
            {
                "Put": {
                    "TableName": EVENTS_TABLE,
                    "Item": order_event(order.status.lower(), 2, order),
                }
            },
            {
                "Update": {
                    "TableName": ORDERS_TABLE,
                    "Key": to_item({"pk": f"KEY#{key}"}),
                    "UpdateExpression": "SET answer_status = :status, answer_body = :body",
                    "ConditionExpression": "claim_owner = :owner "
                    "AND attribute_not_exists(answer_status)",
                    "ExpressionAttributeValues": to_item(
                        {
                            ":status": 201 if order.status == "CONFIRMED" else 409,
                            ":body": order.model_dump_json(),
                            ":owner": owner,
                        }
                    ),
                }
            },
        ]
    )


def replay(standing: dict[str, Any], fingerprint: str) -> Response:
    """Answer a repeated request from its claim."""
    if standing["fingerprint"]["S"] != fingerprint:
        raise HTTPException(422, "the key belongs to another order")
    if "answer_status" not in standing:
        raise HTTPException(409, "the request is in flight", headers={"Retry-After": "1"})
    return Response(
        standing["answer_body"]["S"],
        status_code=int(standing["answer_status"]["N"]),
        media_type="application/json",
    )


def order_event(kind: str, sequence: int, order: Order) -> dict[str, Any]:
    """Return the outbox item that tells of an order."""
    return event_item(
        f"order.{kind}",
        event_id=f"{order.order_id}.{sequence}",
        source="/granary/order_api",
        subject=order.order_id,
        sequence=sequence,
        data=order.model_dump(mode="json", exclude_none=True),
    )
