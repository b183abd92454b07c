"""A process that does nothing but relay, for tests that stop or kill it."""

import asyncio
import sys

from prometheus_client import CollectorRegistry
from pydantic import HttpUrl

from libs.dynamo import DynamoSettings, connect
from libs.outbox import OutboxSettings, relaying


async def main(endpoint: str, table: str, queue_url: str, lease_seconds: str) -> None:
    """Relay for ever."""
    settings = OutboxSettings(
        events_queue_url=HttpUrl(queue_url),
        relay_poll_seconds=0.05,
        relay_lease_seconds=float(lease_seconds),
    )
    async with (
        connect(DynamoSettings(dynamodb_endpoint=HttpUrl(endpoint))) as dynamo,
        relaying(dynamo, settings, table=table, registry=CollectorRegistry()),
    ):
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
