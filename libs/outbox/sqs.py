"""Sends events to an SQS FIFO queue, ten a request.

The subject is the message group and the event's id the deduplication id: SQS keeps the order of a
group, and drops what it has accepted within the last five minutes (Amazon SQS Developer Guide,
"Exactly-once processing in Amazon SQS").
"""

import asyncio
import re
from collections.abc import Iterator, Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from libs.aws import AwsClient, AwsError, ServiceError
from libs.dynamo import Backoff
from libs.outbox.event import MAX_BYTES
from libs.outbox.passes import Outcome
from libs.outbox.table import Waiting

_MOST_MESSAGES = 10
REQUESTS_AT_ONCE = 4
# What is not sent after these is left to the next pass, which waits longer.
_BACKOFF = Backoff(attempts=3, base_seconds=0.1, cap_seconds=1)
_MISSING = ("QueueDoesNotExist", "NonExistentQueue")
_THROTTLED = ("Throttl", "OverLimit", "SlowDown")
# The request is refused for what one of its messages holds.
_CONTENT = (
    "BatchRequestTooLong",
    "InvalidAttributeValue",
    "InvalidMessageContents",
    "InvalidParameterValue",
)


class SqsPublisher:
    """A FIFO queue as the relay fills it."""

    def __init__(self, sqs: AwsClient, *, queue_url: str) -> None:
        self._sqs = sqs
        self._queue_url = queue_url

    async def publish(self, events: Sequence[Waiting]) -> Outcome:
        """Send events, all of different subjects, in as few requests as possible.

        An event that the queue would refuse for its size is not sent. Nothing is raised: what the
        queue does not answer for may or may not have arrived.
        """
        outcome = Outcome()
        sendable = []
        for event in events:
            if len(event.message) > MAX_BYTES:
                _refuse(event, f"{len(event.message)} bytes are over {MAX_BYTES}", outcome)
            else:
                sendable.append(event)
        batches = _batches(sendable)

        async def work() -> None:
            for batch in batches:
                if outcome.down:
                    return
                await self._send(batch, outcome)

        async with asyncio.TaskGroup() as group:
            for _ in range(min(REQUESTS_AT_ONCE, len(sendable))):
                group.create_task(work())
        return outcome

    async def _send(self, batch: Sequence[Waiting], outcome: Outcome) -> None:
        waits = _BACKOFF.waits()
        while batch:
            try:
                answer = await self._sqs.call("AmazonSQS.SendMessageBatch", self._request(batch))
            except AwsError as exc:
                if isinstance(exc, ServiceError) and exc.code.endswith(_CONTENT):
                    await self._send_alone(batch, exc, outcome)
                    return
                problem = _problem(exc)
                wait = None if problem else next(waits, None)
                if wait is None:
                    outcome.failed += len(batch)
                    outcome.down = problem or f"the queue does not answer: {exc}"
                    return
            else:
                batch = _settle(batch, answer, outcome)
                wait = next(waits, None)
                if wait is None:  # what fails alone blocks its subject only
                    outcome.failed += len(batch)
                    return
            if batch:
                await asyncio.sleep(wait)

    async def _send_alone(
        self, batch: Sequence[Waiting], error: ServiceError, outcome: Outcome
    ) -> None:
        """Find the message that a whole request was refused for: the others are not to blame."""
        if len(batch) == 1:
            _refuse(batch[0], f"{error.code}: {error.message}", outcome)
            return
        for event in batch:
            if outcome.down:
                return
            await self._send([event], outcome)

    def _request(self, batch: Sequence[Waiting]) -> dict[str, Any]:
        return {
            "QueueUrl": self._queue_url,
            "Entries": [
                {
                    "Id": str(number),
                    "MessageBody": event.message,
                    "MessageGroupId": event.subject,
                    "MessageDeduplicationId": event.id,
                }
                for number, event in enumerate(batch)
            ],
        }


def endpoint_of(queue_url: str) -> tuple[str, str]:
    """Return the address that takes the calls for a queue, and the region that signatures name.

    AWS's hosts name their region; what answers at another host is taken for a local queue, which
    does not look.
    """
    parts = urlsplit(queue_url)
    region = re.search(r"(?:^|\.)sqs(?:-fips)?\.([a-z]{2}(?:-[a-z]+)+-\d)\.", parts.netloc)
    return f"{parts.scheme}://{parts.netloc}", region[1] if region else "us-east-1"


def _batches(events: Sequence[Waiting]) -> Iterator[list[Waiting]]:
    """Yield the events in batches that fit into a request."""
    batch: list[Waiting] = []
    size = 0
    for event in events:
        if batch and (len(batch) == _MOST_MESSAGES or size + len(event.message) > MAX_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(event)
        size += len(event.message)
    if batch:
        yield batch


def _settle(
    batch: Sequence[Waiting], answer: dict[str, Any], outcome: Outcome
) -> Sequence[Waiting]:
    """Note what became of each message, and return those to send again."""
    outcome.accepted.update(batch[int(entry["Id"])].id for entry in answer.get("Successful") or ())
    again = []
    for entry in answer.get("Failed") or ():
        event = batch[int(entry["Id"])]
        if entry.get("SenderFault"):
            _refuse(event, f"{entry.get('Code')}: {entry.get('Message')}", outcome)
        else:
            again.append(event)
    return again


def _refuse(event: Waiting, reason: str, outcome: Outcome) -> None:
    outcome.refused.append((event, reason))
    outcome.failed += 1


def _problem(exc: AwsError) -> str | None:
    """Return why repeating a request is of no use now, or None for what may pass."""
    if not isinstance(exc, ServiceError) or exc.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return None
    if exc.code.endswith(_MISSING):
        return "the queue does not exist: create it, or correct EVENTS_QUEUE_URL"
    if any(word in exc.code for word in _THROTTLED):
        return None
    return f"the queue refuses: {exc.status} {exc.code} {exc.message}".rstrip()
