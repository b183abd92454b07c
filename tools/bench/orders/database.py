"""The tables of one variant in DynamoDB Local, and what is in them afterwards."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from pydantic import HttpUrl

from libs.dynamo import Dynamo, DynamoSettings, connect, create_tables
from services.order_api.tables import TABLES as ORDER_API_TABLES
from services.order_processor.tables import TABLES as ORDER_PROCESSOR_TABLES

TABLES = ORDER_API_TABLES | ORDER_PROCESSOR_TABLES
"""Of both services, by the names that they have for them."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What a variant wrote."""

    confirmed: int
    """Orders in the state CONFIRMED."""
    answered: int
    """Idempotency claims that keep an answer."""
    held: int
    """Reservations that hold stock."""
    reserved: int
    """Units reserved, of all SKUs."""
    order_events: int
    reservation_events: int

    def problems(self, orders: int, lines: int) -> list[str]:
        """Return what is not as it should be after `orders` orders of `lines` single units."""
        expected = Stored(orders, orders, orders, orders * lines, 2 * orders, orders)
        if self == expected:
            return []
        return [f"{orders} orders were confirmed, but the tables hold {self}"]


@asynccontextmanager
async def connected(endpoint: str) -> AsyncIterator[Dynamo]:
    """Connect to DynamoDB Local; credentials, which it does not check, are in the environment."""
    settings = DynamoSettings(dynamodb_endpoint=HttpUrl(endpoint), dynamodb_timeout_seconds=60)
    async with connect(settings) as dynamo:
        yield dynamo


async def make_tables(dynamo: Dynamo, variant: str) -> dict[str, str]:
    """Create a variant's own tables; return their names by the services' names for them."""
    names = {name: f"{variant}-{name}" for name in TABLES}
    await create_tables(dynamo, {names[name]: spec for name, spec in TABLES.items()})
    return names


async def stored(dynamo: Dynamo, tables: Mapping[str, str]) -> Stored:
    """Count what is in a variant's tables."""
    orders = await _items(dynamo, tables["orders"], "#status, answer_status")
    reservations = await _items(dynamo, tables["reservations"], "#status")
    inventory = await _items(dynamo, tables["inventory"], "reserved")
    order_events = await _items(dynamo, tables["order_events"], "subject")
    stock_events = await _items(dynamo, tables["stock_events"], "message")
    return Stored(
        confirmed=sum(item.get("status") == {"S": "CONFIRMED"} for item in orders),
        answered=sum("answer_status" in item for item in orders),
        held=sum(item.get("status") == {"S": "HELD"} for item in reservations),
        reserved=sum(int(item["reserved"]["N"]) for item in inventory),
        order_events=len(order_events),
        reservation_events=sum(
            "granary.reservation.held.v1" in item["message"]["S"] for item in stock_events
        ),
    )


async def _items(dynamo: Dynamo, table: str, attributes: str) -> list[dict[str, Any]]:
    request: dict[str, Any] = {
        "TableName": table,
        "ConsistentRead": True,
        "ProjectionExpression": attributes,
    }
    if "#status" in attributes:
        request["ExpressionAttributeNames"] = {"#status": "status"}
    items: list[dict[str, Any]] = []
    while True:
        page = await dynamo.call("Scan", request)
        items += page["Items"]
        if "LastEvaluatedKey" not in page:
            return items
        request["ExclusiveStartKey"] = page["LastEvaluatedKey"]
