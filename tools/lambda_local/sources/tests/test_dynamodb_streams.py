"""A table's stream for a function, on DynamoDB Local."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from libs.aws import NoAnswerError, ServiceError
from libs.dynamo import Dynamo, Put, TableSpec
from libs.dynamo.testing import fresh_tables
from tools.lambda_local.sources.checkpoints import Checkpoints
from tools.lambda_local.sources.dynamodb_streams import (
    Calls,
    StreamSource,
    connect_streams,
    stream_arn,
)
from tools.lambda_local.sources.stream_batches import StreamMapping
from tools.lambda_local.sources.tests.scripted import CRASH, Answer, Scripted, reporting

STREAMED = TableSpec(partition_key="pk", stream="NEW_AND_OLD_IMAGES")


class Table:
    """A table with a stream."""

    def __init__(self, dynamo: Dynamo, name: str, arn: str, streams: Calls) -> None:
        self._dynamo = dynamo
        self._name = name
        self.arn = arn
        self.streams = streams

    async def put(self, *numbers: int) -> None:
        """Write numbers to one item, one after the other."""
        for number in numbers:
            await self._dynamo.put(Put(table=self._name, item={"pk": "1", "n": number}))


@pytest.fixture
async def table(dynamodb: str) -> AsyncIterator[Table]:
    async with (
        fresh_tables(dynamodb, {"things": STREAMED, "plain": TableSpec("pk")}) as (dynamo, names),
        connect_streams(dynamodb) as streams,
    ):
        with pytest.raises(LookupError, match="no stream"):
            await stream_arn(streams, names["plain"])
        arn = await stream_arn(streams, names["things"])
        yield Table(dynamo, names["things"], arn, streams)


@asynccontextmanager
async def reading(
    streams: Calls,
    arn: str,
    function: Scripted,
    *,
    checkpoints: Checkpoints | None = None,
    **settings: Any,
) -> AsyncIterator[list[str]]:
    """Read while the context lasts; yield what the source says."""
    said: list[str] = []
    source = StreamSource(
        streams,
        function,
        StreamMapping(stream_arn=arn, **settings),
        checkpoints=checkpoints or Checkpoints(arn),
        say=said.append,
    )
    task = asyncio.create_task(source.run())
    try:
        yield said
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def numbers(function: Scripted) -> list[int]:
    """Return the numbers of all records that came, in order."""
    return [
        int(record["dynamodb"]["NewImage"]["n"]["N"]) for call in function.calls for record in call
    ]


async def test_records_come_in_order_from_the_beginning_and_as_lambda_words_them(
    table: Table,
) -> None:
    await table.put(*range(7))
    function = Scripted()
    async with reading(table.streams, table.arn, function, batch_size=3):
        await function.until(lambda: len(numbers(function)) == 7)
        await table.put(7)
        await function.until(lambda: len(numbers(function)) == 8)
    assert list(range(8)) == numbers(function)
    assert max(len(call) for call in function.calls) <= 3
    first, second = [record for call in function.calls for record in call][:2]
    assert (first["eventName"], second["eventName"]) == ("INSERT", "MODIFY")
    assert (first["eventSource"], first["eventVersion"]) == ("aws:dynamodb", "1.1")
    assert first["eventSourceARN"] == table.arn
    assert second["dynamodb"]["OldImage"] == {"pk": {"S": "1"}, "n": {"N": "0"}}
    assert second["dynamodb"]["StreamViewType"] == "NEW_AND_OLD_IMAGES"
    assert second["dynamodb"]["Keys"] == {"pk": {"S": "1"}}


async def test_a_window_gathers_what_comes(table: Table) -> None:
    function = Scripted()
    async with reading(table.streams, table.arn, function, window_seconds=2):
        for number in range(3):
            await table.put(number)
            await asyncio.sleep(0.3)
        await function.until(lambda: bool(function.calls))
    assert [3] == [len(call) for call in function.calls]


async def test_a_next_run_goes_on_behind_the_checkpoint(table: Table, tmp_path: Path) -> None:
    file = tmp_path / "checkpoints.json"
    await table.put(0, 1, 2)
    first = Scripted(
        lambda records: reporting(
            *[
                record["dynamodb"]["SequenceNumber"]
                for record in records
                if record["dynamodb"]["NewImage"]["n"]["N"] == "2"
            ]
        )
    )
    async with reading(table.streams, table.arn, first, checkpoints=Checkpoints(table.arn, file)):
        await first.until(lambda: len(first.calls) > 1)
    second = Scripted()
    async with reading(table.streams, table.arn, second, checkpoints=Checkpoints(table.arn, file)):
        await table.put(3)
        await second.until(lambda: len(numbers(second)) == 2)
    assert [2, 3] == numbers(second)


async def test_a_checkpoint_of_another_stream_counts_for_nothing(
    table: Table, tmp_path: Path
) -> None:
    file = tmp_path / "checkpoints.json"
    Checkpoints("other", file).save("shard", "1")
    assert Checkpoints(table.arn, file).after("shard") is None
    file.write_text("{")
    assert Checkpoints(table.arn, file).after("shard") is None


async def test_a_crashing_function_gets_the_same_records_until_it_does_not(table: Table) -> None:
    await table.put(0, 1)
    answers = iter([CRASH, CRASH])
    function = Scripted(lambda _: next(answers, Answer()))
    async with reading(table.streams, table.arn, function) as said:
        await function.until(lambda: len(function.calls) == 3)
    assert [0, 1] * 3 == numbers(function)
    assert "Runtime.ExitError" in said[0]


class Lineage:
    """A stream whose shard `old` was split into two, and which has one more later.

    DynamoDB Local splits none while a test runs. Shards are closed; each has one record, and
    answers fail first as a stream's do.
    """

    def __init__(self) -> None:
        self.shards = {"old": None, "left": "old", "right": "old", "orphan": "trimmed"}
        self.faults: list[Exception] = [
            NoAnswerError("switched on", sent=True),
            ServiceError("GetRecords", 400, {"__type": "x#ExpiredIteratorException"}),
        ]

    async def call(
        self, target: str, payload: Mapping[str, Any], *, timeout_seconds: float | None = None
    ) -> dict[str, Any]:
        """Answer as DynamoDB does."""
        match target.rpartition(".")[2]:
            case "DescribeStream":
                return {"StreamDescription": self._page(payload.get("ExclusiveStartShardId"))}
            case "GetShardIterator":
                return {"ShardIterator": payload["ShardId"]}
        if self.faults:
            raise self.faults.pop()
        record = {"eventID": payload["ShardIterator"], "dynamodb": {"SequenceNumber": "1"}}
        return {"Records": [record]}

    def _page(self, start: str | None) -> dict[str, Any]:
        """Return two shards at a time."""
        names = list(self.shards)
        begin = names.index(start) + 1 if start else 0
        page = [
            {"ShardId": name} | ({"ParentShardId": parent} if parent else {})
            for name, parent in list(self.shards.items())[begin : begin + 2]
        ]
        more = {"LastEvaluatedShardId": names[begin + 1]} if begin + 2 < len(names) else {}
        return {"Shards": page, **more}


async def test_a_shard_is_read_after_its_parent_and_new_ones_are_found() -> None:
    lineage = Lineage()
    function = Scripted()
    async with reading(lineage, "arn", function):
        await function.until(lambda: len(function.calls) == 4)
        lineage.shards["newest"] = "left"
        await function.until(lambda: len(function.calls) == 5)
    order = [record["eventID"] for call in function.calls for record in call]
    assert {"old", "orphan"} == set(order[:2])
    assert {"left", "right"} == set(order[2:4])
    assert order[4] == "newest"


class Expiring:
    """A stream whose checkpoint is older than what it still has."""

    async def call(
        self, target: str, payload: Mapping[str, Any], *, timeout_seconds: float | None = None
    ) -> dict[str, Any]:
        """Answer as DynamoDB does."""
        match target.rpartition(".")[2]:
            case "DescribeStream":
                return {"StreamDescription": {"Shards": [{"ShardId": "shard"}]}}
            case "GetShardIterator" if payload["ShardIteratorType"] != "TRIM_HORIZON":
                raise ServiceError(target, 400, {"__type": "x#TrimmedDataAccessException"})
            case "GetShardIterator":
                return {"ShardIterator": "beginning"}
        return {"Records": [{"dynamodb": {"SequenceNumber": "9"}}]}


async def test_a_trimmed_checkpoint_goes_on_at_the_oldest_record() -> None:
    checkpoints = Checkpoints("arn")
    checkpoints.save("shard", "1")
    function = Scripted()
    async with reading(Expiring(), "arn", function, checkpoints=checkpoints):
        await function.until(lambda: bool(function.calls))
        await asyncio.sleep(0)
    assert checkpoints.after("shard") == "9"
