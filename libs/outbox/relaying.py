"""The relay of a service, for as long as the service runs."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol

from prometheus_client import CollectorRegistry

from libs.aws import connect_aws
from libs.dynamo import Dynamo
from libs.outbox.relay import Relay
from libs.outbox.settings import OutboxSettings
from libs.outbox.sqs import REQUESTS_AT_ONCE, SqsPublisher, endpoint_of

_ANSWER_SECONDS = 5.0


class Nudged(Protocol):
    """Who is told that an event was written."""

    def nudge(self, subject: str) -> None:
        """Have the subject's events published soon."""


class _NoRelay:
    def nudge(self, subject: str) -> None:
        """Do nothing: events are kept until a queue is set."""


@asynccontextmanager
async def relaying(
    dynamo: Dynamo, settings: OutboxSettings, *, table: str, registry: CollectorRegistry
) -> AsyncIterator[Nudged]:
    """Publish the events of `table` while the context lasts, if a queue is set.

    Leaving the context gives the lease back; what is not published yet is left to the next holder.
    """
    if settings.events_queue_url is None:
        yield _NoRelay()
        return
    queue_url = str(settings.events_queue_url)
    endpoint, region = endpoint_of(queue_url)
    async with connect_aws(
        "sqs",
        region=region,
        endpoint=endpoint,
        timeout_seconds=_ANSWER_SECONDS,
        max_connections=REQUESTS_AT_ONCE,
    ) as sqs:
        relay = Relay(
            dynamo,
            table=table,
            publisher=SqsPublisher(sqs, queue_url=queue_url),
            lease_seconds=settings.relay_lease_seconds,
            poll_seconds=settings.relay_poll_seconds,
            registry=registry,
        )
        task = asyncio.create_task(relay.run())
        try:
            yield relay
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
