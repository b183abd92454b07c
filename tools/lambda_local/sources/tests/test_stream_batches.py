"""Batches of a shard: what is repeated, split and given up."""

from __future__ import annotations

from typing import Any

import pytest

from tools.lambda_local.sources import stream_batches
from tools.lambda_local.sources.stream_batches import Deliveries, StreamMapping
from tools.lambda_local.sources.tests.scripted import CRASH, Answer, Scripted, reporting

ARN = "arn:aws:dynamodb:us-east-1:000000000000:table/t/stream/x"


@pytest.fixture(autouse=True)
def _without_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream_batches, "FIRST_WAIT_SECONDS", 0.0)


def records(count: int) -> list[dict[str, Any]]:
    return [{"dynamodb": {"SequenceNumber": str(number)}} for number in range(1, count + 1)]


def numbers(batch: list[dict[str, Any]]) -> str:
    return "".join(record["dynamodb"]["SequenceNumber"] for record in batch)


async def deliver(
    function: Scripted, count: int, **settings: Any
) -> tuple[list[str], list[str], list[dict[str, Any]]]:
    """Return the calls, the checkpoints and what was given up."""
    done: list[str] = []
    given_up: list[dict[str, Any]] = []

    async def on_failure(record: dict[str, Any]) -> None:
        given_up.append(record)

    deliveries = Deliveries(
        function,
        StreamMapping(stream_arn=ARN, **settings),
        shard_id="shard-1",
        done=done.append,
        on_failure=on_failure,
        say=lambda _: None,
    )
    await deliveries.deliver(records(count))
    return [numbers(call) for call in function.calls], done, given_up


def failing(*bad: str, times: int = 1_000) -> Scripted:
    """Return a function that crashes on batches with a bad record, so many times."""
    left = [times]

    def decide(batch: list[dict[str, Any]]) -> Answer:
        if left[0] and any(number in bad for number in numbers(batch)):
            left[0] -= 1
            return CRASH
        return Answer()

    return Scripted(decide)


def reporting_first(*bad: str) -> Scripted:
    """Return a function that reports its first bad record."""

    def decide(batch: list[dict[str, Any]]) -> Answer:
        return reporting(*[number for number in numbers(batch) if number in bad][:1])

    return Scripted(decide)


async def test_a_batch_that_succeeds_is_done() -> None:
    assert (["12345"], ["5"], []) == await deliver(Scripted(), 5)


async def test_a_crash_repeats_the_whole_batch_until_it_succeeds() -> None:
    calls, done, given_up = await deliver(failing("2", times=3), 3)
    assert (["123"] * 4, ["3"], []) == (calls, done, given_up)


async def test_a_reported_failure_repeats_from_the_lowest_reported_record() -> None:
    answers = iter([reporting("4", "3"), Answer()])
    calls, done, _ = await deliver(Scripted(lambda _: next(answers)), 5)
    assert (["12345", "345"], ["2", "5"]) == (calls, done)


async def test_retries_end_and_the_rest_of_the_batch_is_given_up() -> None:
    """What follows a reported failure that never succeeds goes with it: Lambda bisects no more."""
    calls, done, given_up = await deliver(reporting_first("3"), 5, maximum_retries=2)
    assert ["12345", "345", "345", "345"] == calls
    assert ["2", "5"] == done
    (record,) = given_up
    assert record["requestContext"] == {
        "condition": "RetryAttemptsExhausted",
        "approximateInvokeCount": 3,
    }
    info = record["DDBStreamBatchInfo"]
    assert (info["startSequenceNumber"], info["endSequenceNumber"]) == ("3", "5")
    assert (info["shardId"], info["batchSize"], info["streamArn"]) == ("shard-1", 3, ARN)


async def test_without_retries_a_batch_has_one_chance() -> None:
    calls, done, given_up = await deliver(failing("1"), 2, maximum_retries=0)
    assert (["12"], ["2"], 1) == (calls, done, len(given_up))


async def test_bisecting_finds_the_record_that_crashes_and_the_others_are_done_in_order() -> None:
    calls, done, given_up = await deliver(failing("3"), 4, bisect_on_error=True, maximum_retries=1)
    assert ["1234", "12", "34", "3", "3", "4"] == calls
    assert ["2", "3", "4"] == done
    (record,) = given_up
    assert record["DDBStreamBatchInfo"]["startSequenceNumber"] == "3"
    assert record["responseContext"]["functionError"] == "Unhandled"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"batch_size": 0}, "batch_size 0 is not from 1 to 10000"),
        ({"window_seconds": 301}, "window_seconds 301"),
        ({"maximum_retries": -2}, "maximum_retries -2"),
    ],
)
def test_a_bad_setting_is_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        StreamMapping(stream_arn=ARN, **settings)
