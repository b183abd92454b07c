"""A client of one queue, for development tools and tests that are asyncio programs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import batched
from typing import Any

from libs.aws import AwsClient, AwsError, connect_aws

MOST_AT_ONCE = 10
"""Messages of one request, as SQS limits it."""
_ANSWER_SECONDS = 10.0


class QueueError(Exception):
    """The queue refused, or did not answer; the message says what was asked."""


class Queue:
    """One queue. Make it with `connect_queue`. Methods raise QueueError."""

    def __init__(self, client: AwsClient, url: str) -> None:
        self._client = client
        self._url = url

    async def receive(
        self,
        *,
        at_most: int = MOST_AT_ONCE,
        wait_seconds: int = 1,
        visibility_seconds: int | None = None,
    ) -> list[dict[str, Any]]:
        """Return some messages with all their attributes, as ReceiveMessage answers them."""
        request: dict[str, Any] = {
            "QueueUrl": self._url,
            "MaxNumberOfMessages": at_most,
            "WaitTimeSeconds": wait_seconds,
            "AttributeNames": ["All"],
            "MessageAttributeNames": ["All"],
        }
        if visibility_seconds is not None:
            request["VisibilityTimeout"] = visibility_seconds
        answer = await self._call("ReceiveMessage", request, wait_seconds)
        return answer.get("Messages") or []

    async def delete(self, receipt_handles: Sequence[str]) -> None:
        """Take received messages off the queue for good."""
        for some in batched(receipt_handles, MOST_AT_ONCE, strict=False):
            entries = [
                {"Id": str(number), "ReceiptHandle": handle} for number, handle in enumerate(some)
            ]
            answer = await self._call(
                "DeleteMessageBatch", {"QueueUrl": self._url, "Entries": entries}
            )
            if failed := answer.get("Failed"):
                raise QueueError(f"{self._url} does not delete messages: {failed}")

    async def send(self, body: str, *, group: str, event_id: str) -> None:
        """Send a message to a FIFO queue; `event_id` is its deduplication id."""
        await self._call(
            "SendMessage",
            {
                "QueueUrl": self._url,
                "MessageBody": body,
                "MessageGroupId": group,
                "MessageDeduplicationId": event_id,
            },
        )

    async def _call(
        self, action: str, request: dict[str, Any], wait_seconds: float = 0
    ) -> dict[str, Any]:
        try:
            return await self._client.call(
                f"AmazonSQS.{action}", request, timeout_seconds=wait_seconds + _ANSWER_SECONDS
            )
        except AwsError as error:
            raise QueueError(f"{self._url}: {error}") from error


@asynccontextmanager
async def connect_queue(url: str, *, region: str = "us-east-1") -> AsyncIterator[Queue]:
    """Connect to the queue at `url` of a local server; no request is made yet."""
    endpoint = url.rsplit("/", 2)[0]
    async with connect_aws("sqs", region=region, endpoint=endpoint) as client:
        yield Queue(client, url)
