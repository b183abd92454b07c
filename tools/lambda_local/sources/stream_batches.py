"""What is done with a batch of a shard: retries, bisecting, and what happens to what keeps failing.

As the AWS Lambda developer guide has it ("Error handling with DynamoDB Streams"): a batch is
repeated until it succeeds or its retries are used up, and nothing of the shard is read meanwhile.
With ReportBatchItemFailures the part before the lowest failed record is done and the rest is
repeated. With BisectBatchOnFunctionError a batch whose invocation failed is split in two, which
uses up no retry.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tools.lambda_local.sources.functions import Function, Invocation, failed_items

FIRST_WAIT_SECONDS = 0.1
LONGEST_WAIT_SECONDS = 5.0
_UNTIL_IT_SUCCEEDS = -1

type Records = Sequence[dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamMapping:
    """What CreateEventSourceMapping takes for a stream. Raise ValueError for what it refuses."""

    stream_arn: str
    batch_size: int = 100
    window_seconds: float = 0
    """How long records are gathered until the batch is full (MaximumBatchingWindowInSeconds)."""
    report_item_failures: bool = True
    """Whether the answer is read (FunctionResponseTypes: ReportBatchItemFailures)."""
    bisect_on_error: bool = False
    maximum_retries: int = _UNTIL_IT_SUCCEEDS
    """-1 repeats until it succeeds."""

    def __post_init__(self) -> None:
        """Refuse what Lambda refuses."""
        for name, least, most in (
            ("batch_size", 1, 10_000),
            ("window_seconds", 0, 300),
            ("maximum_retries", -1, 10_000),
        ):
            if not least <= getattr(self, name) <= most:
                raise ValueError(f"{name} {getattr(self, name)} is not from {least} to {most}")


class Deliveries:
    """Brings batches of one shard to a function, one after the other.

    Args:
        function: what is called.
        mapping: its settings.
        shard_id: named in what `on_failure` gets.
        done: told the sequence number up to which all is done with.
        on_failure: given Lambda's invocation record of a batch that is given up; it has no records
            itself, only where in the stream they are.
        say: told of every failure in one line.
    """

    def __init__(
        self,
        function: Function,
        mapping: StreamMapping,
        *,
        shard_id: str,
        done: Callable[[str], None],
        on_failure: Callable[[dict[str, Any]], Awaitable[None]] | None,
        say: Callable[[str], None],
    ) -> None:
        self._function = function
        self._mapping = mapping
        self._shard_id = shard_id
        self._done = done
        self._on_failure = on_failure
        self._say = say

    async def deliver(self, batch: Records) -> None:
        """Return when the whole batch is done with."""
        waiting = [batch]
        failures = 0
        while waiting:
            batch = waiting.pop()
            invocation = await self._function.invoke({"Records": list(batch)})
            succeeded = self._succeeded(invocation, batch)
            if succeeded:
                self._done(_number(batch[succeeded - 1]))
                failures = 0
            if succeeded == len(batch):
                continue
            rest = batch[succeeded:]
            self._say(f"{self._mapping.stream_arn}: {len(rest)} records: {_reason(invocation)}")
            if self._bisects(invocation, rest):
                middle = len(rest) // 2
                waiting += [rest[middle:], rest[:middle]]
                continue
            # After a part succeeded, the rest is another batch with retries of its own.
            if not succeeded:
                failures += 1
                if 0 <= self._mapping.maximum_retries < failures:
                    await self._give_up(rest, invocation, failures)
                    failures = 0
                    continue
            await asyncio.sleep(_wait(failures))
            waiting.append(rest)

    def _succeeded(self, invocation: Invocation, batch: Records) -> int:
        """Return how many records from the first one on are done."""
        numbers = [_number(record) for record in batch]
        failed = failed_items(invocation, numbers, reported=self._mapping.report_item_failures)
        return min(map(numbers.index, failed), default=len(batch))

    def _bisects(self, invocation: Invocation, batch: Records) -> bool:
        # A reported failure splits the batch where it is reported, which is done by now.
        return self._mapping.bisect_on_error and invocation.error is not None and len(batch) > 1

    async def _give_up(self, batch: Records, invocation: Invocation, calls: int) -> None:
        if self._on_failure is not None:
            await self._on_failure(self._invocation_record(batch, invocation, calls))
        self._done(_number(batch[-1]))

    def _invocation_record(
        self, batch: Records, invocation: Invocation, calls: int
    ) -> dict[str, Any]:
        failed = {} if invocation.error is None else {"functionError": "Unhandled"}
        return {
            "requestContext": {
                "condition": "RetryAttemptsExhausted",
                "approximateInvokeCount": calls,
            },
            "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", **failed},
            "version": "1.0",
            "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "DDBStreamBatchInfo": {
                "shardId": self._shard_id,
                "startSequenceNumber": _number(batch[0]),
                "endSequenceNumber": _number(batch[-1]),
                "approximateArrivalOfFirstRecord": _arrival(batch[0]),
                "approximateArrivalOfLastRecord": _arrival(batch[-1]),
                "batchSize": len(batch),
                "streamArn": self._mapping.stream_arn,
            },
        }


def _number(record: dict[str, Any]) -> str:
    return str(record["dynamodb"]["SequenceNumber"])


def _arrival(record: dict[str, Any]) -> str:
    seconds = record["dynamodb"].get("ApproximateCreationDateTime", 0)
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")


def _reason(invocation: Invocation) -> str:
    return "reported as failed" if invocation.error is None else str(invocation.error)


def _wait(failures: int) -> float:
    return min(FIRST_WAIT_SECONDS * 2.0 ** max(failures - 1, 0), LONGEST_WAIT_SECONDS)
