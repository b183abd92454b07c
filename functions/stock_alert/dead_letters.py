"""Records that can never be used, kept for a person to look at."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, NotRequired, TypedDict

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient

MOST_BYTES = 200_000
"""Of a record in a message, whose own limit is 256 KiB; a larger one goes without its images."""


class DeadLetters:
    """The queue of such records, standard or FIFO.

    `connect` is called when the first one comes: most instances see none, and a client takes as
    long to make as a good part of a cold start.
    """

    def __init__(self, connect: Callable[[], SQSClient], *, queue_url: str) -> None:
        self._connect = connect
        self._queue_url = queue_url

    def keep(self, record: object, *, reason: str) -> None:
        """Return when the queue has the record. Raise botocore's errors."""
        body = json.dumps(
            {"reason": reason, "record": _bounded(record)}, separators=(",", ":"), sort_keys=True
        )
        self._sqs.send_message(
            QueueUrl=self._queue_url, MessageBody=body, **self._fifo_parameters(body)
        )

    @functools.cached_property
    def _sqs(self) -> SQSClient:
        return self._connect()

    def _fifo_parameters(self, body: str) -> _FifoParameters:
        if not self._queue_url.endswith(".fifo"):
            return {}
        digest = hashlib.sha256(body.encode()).hexdigest()
        # A group each: there is no order to keep, and none waits for another to be looked at.
        return {"MessageGroupId": digest, "MessageDeduplicationId": digest}


class _FifoParameters(TypedDict):
    MessageGroupId: NotRequired[str]
    MessageDeduplicationId: NotRequired[str]


def _bounded(record: object) -> object:
    """Return the record, or of a large one what finds it again in its table."""
    if len(json.dumps(record)) <= MOST_BYTES:
        return record
    match record:
        case {"eventID": event_id, "dynamodb": {"Keys": keys, "SequenceNumber": number}}:
            cut = {"eventID": event_id, "dynamodb": {"Keys": keys, "SequenceNumber": number}}
            return cut if len(json.dumps(cut)) <= MOST_BYTES else "too large"
        case _:
            return "too large"
