"""A consumer of the events: takes what the queue gives, remembers it, deletes it."""

import asyncio
import contextlib
import itertools
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from services.tests.faults.checkers import Delivery

_AT_ONCE = 10
_WAIT_SECONDS = 1
_PAUSE_SECONDS = 0.5


class Consumer:
    """All that arrived, in order of arrival. Make one with `consuming`."""

    def __init__(self, session: aiohttp.ClientSession, queue_url: str) -> None:
        self._session = session
        self._queue_url = queue_url
        parts = urlsplit(queue_url)
        self._endpoint = f"{parts.scheme}://{parts.netloc}/"
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
            except (aiohttp.ClientError, TimeoutError):
                await asyncio.sleep(_PAUSE_SECONDS)

    async def _receive(self) -> None:
        answer = await self._call(
            "ReceiveMessage",
            MaxNumberOfMessages=_AT_ONCE,
            WaitTimeSeconds=_WAIT_SECONDS,
            AttributeNames=["All"],
        )
        messages = answer.get("Messages") or []
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
            entries = [
                {"Id": str(position), "ReceiptHandle": message["ReceiptHandle"]}
                for position, message in zip(itertools.count(), messages, strict=False)
            ]
            await self._call("DeleteMessageBatch", Entries=entries)
        else:
            async with self._empty:
                self._empty_receives += 1
                self._empty.notify_all()

    async def _call(self, action: str, **request: Any) -> dict[str, Any]:
        headers = {
            "Content-Type": "application/x-amz-json-1.0",
            "X-Amz-Target": f"AmazonSQS.{action}",
        }
        body = json.dumps({"QueueUrl": self._queue_url, **request})
        async with self._session.post(self._endpoint, data=body, headers=headers) as response:
            response.raise_for_status()
            answer: dict[str, Any] = json.loads(await response.read() or b"{}")
            return answer


@asynccontextmanager
async def consuming(queue_url: str) -> AsyncIterator[Consumer]:
    """Consume while the context lasts."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30)) as session:
        consumer = Consumer(session, queue_url)
        task = asyncio.create_task(consumer.consume())
        try:
            yield consumer
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
