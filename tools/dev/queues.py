"""The local queue: which queues there are, and the few requests that are made to it.

ElasticMQ speaks the JSON protocol of SQS and checks no signatures.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import aiohttp

from tools.dev.errors import DevError

ORDER_EVENTS = "order-events.fifo"
STOCK_EVENTS = "stock-events.fifo"
# By the service that writes to it.
QUEUES = {"order_api": ORDER_EVENTS, "order_processor": STOCK_EVENTS}
MOST_MESSAGES = 10
LONG_POLL_SECONDS = 1


@dataclass(frozen=True)
class Message:
    """A received message; it comes again unless it is deleted with its receipt."""

    body: str
    receipt: str


class Sqs:
    """A client of one server. Methods raise DevError when it refuses."""

    def __init__(self, session: aiohttp.ClientSession, endpoint: str) -> None:
        self._session = session
        self._endpoint = endpoint

    async def queue_url(self, name: str) -> str:
        """Return the URL of a queue."""
        return str((await self._ask("GetQueueUrl", {"QueueName": name}))["QueueUrl"])

    async def receive(self, queue_url: str) -> list[Message]:
        """Return some messages, after a second at most."""
        answer = await self._ask(
            "ReceiveMessage",
            {
                "QueueUrl": queue_url,
                "MaxNumberOfMessages": MOST_MESSAGES,
                "WaitTimeSeconds": LONG_POLL_SECONDS,
            },
        )
        return [
            Message(message["Body"], message["ReceiptHandle"])
            for message in answer.get("Messages") or []
        ]

    async def delete(self, queue_url: str, messages: Sequence[Message]) -> None:
        """Take messages off the queue for good."""
        entries = [
            {"Id": str(i), "ReceiptHandle": message.receipt} for i, message in enumerate(messages)
        ]
        answer = await self._ask("DeleteMessageBatch", {"QueueUrl": queue_url, "Entries": entries})
        if answer.get("Failed"):
            raise DevError(f"the queue does not delete messages: {answer['Failed']}")

    async def _ask(self, action: str, body: Mapping[str, Any]) -> dict[str, Any]:
        headers = {
            "Content-Type": "application/x-amz-json-1.0",
            "X-Amz-Target": f"AmazonSQS.{action}",
        }
        try:
            async with self._session.post(self._endpoint, json=body, headers=headers) as answer:
                if answer.status != HTTPStatus.OK:
                    raise DevError(f"{action}: {answer.status} {(await answer.text())[:300]}")
                document: dict[str, Any] = await answer.json(content_type=None) or {}
                return document
        except (aiohttp.ClientError, TimeoutError) as error:
            raise DevError(
                f"the queue at {self._endpoint} does not answer {action}: {error!r}"
            ) from error
