"""Messages of an SQS queue for a function, polled as a Lambda event source mapping does.

What a queue does by itself is left to it: it hands out no message of a group that has one in
flight, shows messages again after their visibility time-out, and moves those that were received too
often to the queue of its redrive policy.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tools.lambda_local.sources.functions import Function, failed_items, payloads
from tools.sqs_local.client import MOST_AT_ONCE, Queue, QueueError

MOST_OF_A_STANDARD_QUEUE = 10_000
LONGEST_WINDOW_SECONDS = 300
LONG_POLL_SECONDS = 1
PAUSE_SECONDS = 1
"""After the queue refused or did not answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SqsMapping:
    """What CreateEventSourceMapping takes for a queue. Raise ValueError for what it refuses."""

    queue_url: str
    queue_arn: str
    batch_size: int = MOST_AT_ONCE
    window_seconds: float = 0
    """How long messages are gathered until the batch is full (MaximumBatchingWindowInSeconds)."""
    report_item_failures: bool = True
    """Whether the answer is read (FunctionResponseTypes: ReportBatchItemFailures)."""
    visibility_seconds: int | None = None
    """How long what was received is nobody else's; None leaves that to the queue."""
    concurrency: int = 1
    """Batches that are worked on at once (ScalingConfig)."""

    def __post_init__(self) -> None:
        """Refuse what Lambda refuses."""
        most = MOST_AT_ONCE if self.fifo else MOST_OF_A_STANDARD_QUEUE
        if not 1 <= self.batch_size <= most:
            raise ValueError(f"batch_size {self.batch_size} is not from 1 to {most}")
        if not 0 <= self.window_seconds <= LONGEST_WINDOW_SECONDS:
            raise ValueError(
                f"window_seconds {self.window_seconds} is not from 0 to {LONGEST_WINDOW_SECONDS}"
            )
        if self.fifo and self.window_seconds:
            raise ValueError("window_seconds: a FIFO queue has no batching window")
        if self.batch_size > MOST_AT_ONCE and self.window_seconds < 1:
            raise ValueError(f"batch_size {self.batch_size} needs window_seconds of at least 1")
        if self.concurrency < 1:
            raise ValueError(f"concurrency {self.concurrency} is not at least 1")

    @property
    def fifo(self) -> bool:
        """Whether messages have groups and an order."""
        return self.queue_arn.endswith(".fifo")


class SqsSource:
    """Calls a function with what a queue has.

    `say` is told of every failure in one line.
    """

    def __init__(
        self,
        queue: Queue,
        function: Function,
        mapping: SqsMapping,
        *,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._queue = queue
        self._function = function
        self._mapping = mapping
        self._say = say

    async def run(self) -> None:
        """Poll until cancelled. What is being worked on then comes again."""
        async with asyncio.TaskGroup() as group:
            for _ in range(self._mapping.concurrency):
                group.create_task(self._poll())

    async def _poll(self) -> None:
        while True:
            try:
                if batch := await self._gather():
                    await self._deliver(batch)
            except QueueError as error:
                self._say(str(error))
                await asyncio.sleep(PAUSE_SECONDS)

    async def _gather(self) -> list[dict[str, Any]]:
        """Return a full batch, or what came until the window closed."""
        batch: list[dict[str, Any]] = []
        closes = None
        while len(batch) < self._mapping.batch_size:
            wait = LONG_POLL_SECONDS if closes is None else 0
            left = self._mapping.batch_size - len(batch)
            came = await self._queue.receive(
                at_most=min(left, MOST_AT_ONCE),
                wait_seconds=wait,
                visibility_seconds=self._mapping.visibility_seconds,
            )
            batch += came
            if closes is None:
                if not came:
                    break
                closes = time.monotonic() + self._mapping.window_seconds
            if time.monotonic() >= closes:
                break
            if not came:
                await asyncio.sleep(min(0.05, self._mapping.window_seconds))
        return batch

    async def _deliver(self, batch: list[dict[str, Any]]) -> None:
        for part in payloads(record(message, self._mapping.queue_arn) for message in batch):
            if not await self._deliver_part(part):
                # What follows may be of a failed message's group, and must not overtake it.
                return

    async def _deliver_part(self, records: list[dict[str, Any]]) -> bool:
        invocation = await self._function.invoke({"Records": records})
        failed = failed_items(
            invocation,
            [record["messageId"] for record in records],
            reported=self._mapping.report_item_failures,
        )
        if invocation.error is not None:
            self._say(f"{self._mapping.queue_arn}: {len(records)} messages: {invocation.error}")
        elif failed:
            self._say(f"{self._mapping.queue_arn}: {len(failed)} of {len(records)} messages failed")
        # As Lambda does: a later message of a failed one's group is deleted too, unless the
        # function reports it.
        done = [record for record in records if record["messageId"] not in failed]
        await self._queue.delete([record["receiptHandle"] for record in done])
        return not failed


def record(message: dict[str, Any], queue_arn: str) -> dict[str, Any]:
    """Return a received message as a function gets it ("Using Lambda with Amazon SQS")."""
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": message.get("Attributes", {}),
        "messageAttributes": {
            name: _attribute(value) for name, value in message.get("MessageAttributes", {}).items()
        },
        "md5OfBody": message["MD5OfBody"],
        "eventSource": "aws:sqs",
        "eventSourceARN": queue_arn,
        "awsRegion": queue_arn.split(":")[3],
    }


def _attribute(value: dict[str, Any]) -> dict[str, Any]:
    attribute: dict[str, Any] = {"stringListValues": [], "binaryListValues": []}
    for given, name in (("StringValue", "stringValue"), ("BinaryValue", "binaryValue")):
        if value.get(given) is not None:
            attribute[name] = value[given]
    return attribute | {"dataType": value["DataType"]}
