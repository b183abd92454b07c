"""A consumer of the events: takes what the queue gives, remembers it, deletes it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from services.tests.faults.checkers import Delivery
from tools.sqs_local.client import Queue, QueueError, connect_queue

_PAUSE_SECONDS = 0.5


class Consumer:
    """All that arrived, in order of arrival. Make one with `consuming`."""

    def __init__(self, queue: Queue) -> None:
        self._queue = queue
        self.deliveries: list[Delivery] = []
        self._empty = asyncio.Condition()
        self._empty_receives = 0

    async def drain(self) -> None:
        """Return once the queue had nothing more to give."""
        async with self._empty:
            # The answer under way may have been asked for before the last event was sent.
            wanted = self._empty_receives + 2
            await self._empty.wait_for(lambda: self._empty_receives >= wanted)

    async def consume(self) -> None:
        """Receive until cancelled."""
        while True:
            try:
                await self._receive()
            except QueueError:
                await asyncio.sleep(_PAUSE_SECONDS)

    async def _receive(self) -> None:
        messages = await self._queue.receive()
        for message in messages:
            attributes = message["Attributes"]
            self.deliveries.append(
                Delivery(
                    message["Body"],
                    attributes["MessageGroupId"],
                    attributes["MessageDeduplicationId"],
                )
            )
        if messages:
            await self._queue.delete([message["ReceiptHandle"] for message in messages])
        else:
            async with self._empty:
                self._empty_receives += 1
                self._empty.notify_all()


@asynccontextmanager
async def consuming(queue_url: str) -> AsyncIterator[Consumer]:
    """Consume while the context lasts."""
    async with connect_queue(queue_url) as queue:
        consumer = Consumer(queue)
        task = asyncio.create_task(consumer.consume())
        try:
            yield consumer
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
