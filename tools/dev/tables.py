"""What is in the tables before the first order: the tables themselves, and who gets webhooks."""

from __future__ import annotations

import os

from pydantic import HttpUrl

from functions.order_webhook.tables import TABLES as ORDER_WEBHOOK_TABLES
from functions.stock_alert.tables import TABLES as STOCK_ALERT_TABLES
from libs.dynamo import DynamoSettings, Put, connect, create_tables
from services.order_api.tables import TABLES as ORDER_API_TABLES
from services.order_processor.tables import TABLES as ORDER_PROCESSOR_TABLES
from tools.dev.programs import DUMMY_CREDENTIALS

SUBSCRIBERS = "webhook_subscribers"
TABLES = {
    **ORDER_API_TABLES,
    **ORDER_PROCESSOR_TABLES,
    **ORDER_WEBHOOK_TABLES,
    **STOCK_ALERT_TABLES,
}


async def prepare(dynamodb: str, *, subscriber: str, secret: str) -> None:
    """Create what is missing of the tables, and subscribe to all events of orders.

    Args:
        dynamodb: the database's address.
        subscriber: the subscriber's address.
        secret: what its webhooks are signed with.
    """
    os.environ.update(DUMMY_CREDENTIALS)
    settings = DynamoSettings(
        aws_region="us-east-1",
        dynamodb_endpoint=HttpUrl(dynamodb),
        dynamodb_timeout_seconds=30,
    )
    async with connect(settings) as dynamo:
        await create_tables(dynamo, TABLES)
        row = {
            "subscriber_id": "shop",
            "url": f"{subscriber}/webhooks",
            "secrets": [secret],
            "event_types": ["*"],
            "enabled": True,
        }
        await dynamo.put(Put(table=SUBSCRIBERS, item=row))
