"""Records of a DynamoDB stream for a function, read as a Lambda event source mapping does.

Each shard is read in order from its beginning or from its checkpoint, and a shard only when the one
that it came from is done, so that the records of an item are never overtaken. New shards are found
while the source runs.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Protocol

from libs.aws import AwsClient, AwsError, ServiceError, connect_aws
from tools.lambda_local.sources.checkpoints import Checkpoints
from tools.lambda_local.sources.functions import Function, payloads
from tools.lambda_local.sources.stream_batches import Deliveries, StreamMapping

_API = "DynamoDBStreams_20120810"
MOST_OF_ONE_CALL = 1_000
POLL_SECONDS = 0.25
"""Lambda looks four times a second for records."""
LOOK_FOR_SHARDS_SECONDS = 1.0
PAUSE_SECONDS = 1.0
"""After the stream refused or did not answer."""
_ANSWER_SECONDS = 10.0
_STALE = {"ExpiredIteratorException", "TrimmedDataAccessException"}


class Calls(Protocol):
    """What makes calls of the API; `connect_streams` gives one."""

    async def call(
        self, target: str, payload: Mapping[str, Any], *, timeout_seconds: float | None = None
    ) -> dict[str, Any]:
        """Make one call. Raise AwsError."""


class StreamSource:
    """Calls a function with what a stream has.

    Args:
        streams: where calls go.
        function: what is called.
        mapping: the settings.
        checkpoints: how far an earlier run came.
        on_failure: given Lambda's record of every batch that is given up.
        say: told of every failure in one line.
    """

    def __init__(
        self,
        streams: Calls,
        function: Function,
        mapping: StreamMapping,
        *,
        checkpoints: Checkpoints,
        on_failure: Callable[[dict[str, Any]], Awaitable[None]] | None = None,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._streams = streams
        self._function = function
        self._mapping = mapping
        self._checkpoints = checkpoints
        self._on_failure = on_failure
        self._say = say
        self._begun: set[str] = set()
        self._done: set[str] = set()

    async def run(self) -> None:
        """Read until cancelled. What is being worked on then comes again in the next run."""
        async with asyncio.TaskGroup() as group:
            while True:
                try:
                    for shard in await self._ready_shards():
                        self._begun.add(shard)
                        group.create_task(self._follow(shard))
                except AwsError as error:
                    self._say(str(error))
                await asyncio.sleep(LOOK_FOR_SHARDS_SECONDS)

    async def _ready_shards(self) -> list[str]:
        """Return the shards that are not begun and whose parents, if there still, are done."""
        parents: dict[str, str | None] = {}
        start: str | None = None
        while True:
            request = {"StreamArn": self._mapping.stream_arn}
            if start:
                request["ExclusiveStartShardId"] = start
            stream = (await self._call("DescribeStream", request))["StreamDescription"]
            for shard in stream.get("Shards", []):
                parents[shard["ShardId"]] = shard.get("ParentShardId")
            start = stream.get("LastEvaluatedShardId")
            if not start:
                break
        return [
            shard
            for shard, parent in parents.items()
            if shard not in self._begun and (parent not in parents or parent in self._done)
        ]

    async def _follow(self, shard: str) -> None:
        """Read a shard to its end, which an open one does not have."""
        deliveries = Deliveries(
            self._function,
            self._mapping,
            shard_id=shard,
            done=lambda number: self._checkpoints.save(shard, number),
            on_failure=self._on_failure,
            say=self._say,
        )
        iterator: str | None = None
        while True:
            try:
                if iterator is None:
                    iterator = await self._iterator(shard)
                batch, iterator = await self._gather(iterator)
            except ServiceError as error:
                if error.code not in _STALE:
                    await self._pause(error)
                iterator = None
                continue
            except AwsError as error:
                await self._pause(error)
                iterator = None
                continue
            for part in payloads(batch):
                await deliveries.deliver(part)
            if iterator is None:
                self._done.add(shard)
                return

    async def _pause(self, error: AwsError) -> None:
        self._say(str(error))
        await asyncio.sleep(PAUSE_SECONDS)

    async def _iterator(self, shard: str) -> str:
        request = {"StreamArn": self._mapping.stream_arn, "ShardId": shard}
        after = self._checkpoints.after(shard)
        try:
            answer = await self._call("GetShardIterator", request | _position(after))
        except ServiceError as error:
            if after is None or error.code not in {*_STALE, "ValidationException"}:
                raise
            # What follows the checkpoint is gone, or the stream is another one by now.
            answer = await self._call("GetShardIterator", request | _position(None))
        return str(answer["ShardIterator"])

    async def _gather(self, iterator: str) -> tuple[list[dict[str, Any]], str | None]:
        """Return a full batch, or what came until the window closed, and where to go on.

        There is nowhere to go on at the end of a closed shard.
        """
        batch: list[dict[str, Any]] = []
        closes: float | None = None
        position: str | None = iterator
        while position is not None and len(batch) < self._mapping.batch_size:
            limit = min(self._mapping.batch_size - len(batch), MOST_OF_ONE_CALL)
            answer = await self._call("GetRecords", {"ShardIterator": position, "Limit": limit})
            position = answer.get("NextShardIterator")
            came = answer.get("Records", [])
            batch += [record | {"eventSourceARN": self._mapping.stream_arn} for record in came]
            if batch and closes is None:
                closes = time.monotonic() + self._mapping.window_seconds
            if closes is not None and time.monotonic() >= closes:
                break
            if not came and position is not None:
                await asyncio.sleep(POLL_SECONDS)
        return batch, position

    async def _call(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        return await self._streams.call(
            f"{_API}.{operation}", request, timeout_seconds=_ANSWER_SECONDS
        )


def _position(after: str | None) -> dict[str, str]:
    if after is None:
        return {"ShardIteratorType": "TRIM_HORIZON"}
    return {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": after}


@asynccontextmanager
async def connect_streams(endpoint: str, *, region: str = "us-east-1") -> AsyncIterator[AwsClient]:
    """Connect to the streams of DynamoDB Local at `endpoint`; no request is made yet."""
    # Streams have the signatures of DynamoDB itself.
    async with connect_aws("dynamodb", region=region, endpoint=endpoint) as client:
        yield client


async def stream_arn(dynamodb: Calls, table: str) -> str:
    """Return the ARN of a table's stream. Raise AwsError, LookupError for a table without one."""
    answer = await dynamodb.call("DynamoDB_20120810.DescribeTable", {"TableName": table})
    arn = answer["Table"].get("LatestStreamArn")
    if not arn:
        raise LookupError(f"table {table} has no stream")
    return str(arn)
