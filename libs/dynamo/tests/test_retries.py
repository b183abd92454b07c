"""Retries and errors, against a server that answers what DynamoDB answers when it is in trouble."""

import json
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from pydantic import HttpUrl

from libs.dynamo import (
    Backoff,
    ConditionFailedError,
    ConflictError,
    Dynamo,
    DynamoError,
    DynamoSettings,
    Put,
    RequestRefusedError,
    TableExistsError,
    TableMissingError,
    ThrottledError,
    TransactionCancelledError,
    UnavailableError,
    connect,
)
from libs.dynamo.testing import CREDENTIALS
from libs.http_client.testing import Call, raw_server

type Answer = tuple[int, dict[str, Any]]

PREFIX = "com.amazonaws.dynamodb.v20120810#"
PUT = Put(table="things", item={"pk": "1"})


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)


def refusal(kind: str, **more: Any) -> Answer:
    return 400, {"__type": PREFIX + kind, "Message": "m", **more}


def cancelled(*codes: str) -> Answer:
    return refusal(
        "TransactionCanceledException", CancellationReasons=[{"Code": code} for code in codes]
    )


OK: Answer = (200, {})
THROTTLED = refusal("ThrottlingException")
BROKEN: Answer = (500, {})


def rendered(answer: Answer) -> bytes:
    body = json.dumps(answer[1])
    return f"HTTP/1.1 {answer[0]} X\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()


@asynccontextmanager
async def scripted(*answers: Answer | None) -> AsyncIterator[tuple[Dynamo, list[Call]]]:
    """Yield a connection to a server that gives `answers` in turn, the last for ever, and its
    calls. None is an answer that is lost."""

    async def answer(call: Call) -> None:
        given = answers[min(len(server.calls), len(answers)) - 1]
        if given:
            await call.send(rendered(given))
        else:
            call.abort()

    async with raw_server(answer) as server, connect(settings(server.url)) as dynamo:
        yield dynamo, server.calls


def operations(calls: list[Call]) -> list[str]:
    return re.findall(
        r"(?m)^x-amz-target: DynamoDB_20120810\.(\w+)", "".join(c.head for c in calls)
    )


def settings(endpoint: str, seconds: float = 2) -> DynamoSettings:
    return DynamoSettings(dynamodb_endpoint=HttpUrl(endpoint), dynamodb_timeout_seconds=seconds)


@pytest.mark.parametrize(
    "answer",
    [THROTTLED, BROKEN, refusal("TransactionConflictException"), cancelled("TransactionConflict")],
)
async def test_passing_trouble_is_not_seen_by_the_caller(
    answer: Answer,
) -> None:
    async with scripted(answer, answer, OK) as (dynamo, calls):
        await dynamo.put(PUT)
        assert operations(calls) == ["PutItem"] * 3


@pytest.mark.parametrize(
    ("answer", "error", "most"),
    [
        (THROTTLED, ThrottledError, 4),
        (cancelled("ThrottlingError", "None"), ThrottledError, 4),
        (refusal("ProvisionedThroughputExceededException"), ThrottledError, 4),
        (refusal("RequestLimitExceeded"), ThrottledError, 4),
        (refusal("ExpiredTokenException"), ThrottledError, 4),
        (BROKEN, UnavailableError, 4),
        (refusal("InternalServerError"), UnavailableError, 4),
        (refusal("TransactionInProgressException"), UnavailableError, 4),
        ((500, {"__type": PREFIX + "ThrottlingException"}), UnavailableError, 4),
        (None, UnavailableError, 4),
        ((503, {}), UnavailableError, 4),
        ((504, {}), UnavailableError, 4),
        (cancelled("None", "TransactionConflict"), ConflictError, 10),
        (refusal("ResourceNotFoundException"), TableMissingError, 1),
        (refusal("ResourceInUseException"), TableExistsError, 1),
        (refusal("ConditionalCheckFailedException"), ConditionFailedError, 1),
        (cancelled("TransactionConflict", "ConditionalCheckFailed"), TransactionCancelledError, 1),
        (cancelled("ValidationError"), TransactionCancelledError, 1),
        (refusal("TransactionCanceledException"), RequestRefusedError, 1),
        ((403, {}), RequestRefusedError, 1),
        (refusal("ValidationException"), RequestRefusedError, 1),
        (refusal("AccessDeniedException"), RequestRefusedError, 1),
    ],
)
async def test_lasting_trouble_ends_in_its_own_error(
    answer: Answer | None, error: type[DynamoError], most: int
) -> None:
    async with scripted(answer) as (dynamo, calls):
        with pytest.raises(error):
            await dynamo.put(PUT)
        assert most == len(calls)


async def test_a_write_of_unknown_outcome_is_repeated_only_when_that_is_safe() -> None:
    async with scripted(BROKEN, OK) as (dynamo, calls):
        with pytest.raises(UnavailableError):
            await dynamo.put(PUT, repeatable=False)
        assert len(calls) == 1


async def test_a_transaction_is_repeated_under_its_token_and_the_next_has_another() -> None:
    async with scripted(None, BROKEN, cancelled("TransactionConflict"), OK) as (dynamo, calls):
        await dynamo.transact([PUT])
        await dynamo.transact([PUT])
    tokens = [json.loads(call.body)["ClientRequestToken"] for call in calls]
    assert len(tokens) == 5
    assert len(set(tokens[:4])) == 1
    assert len(set(tokens)) == 2
    assert all(1 <= len(token) <= 36 for token in tokens)


async def test_a_refusal_says_what_dynamodb_said() -> None:
    async with scripted(refusal("ValidationException")) as (dynamo, _):
        with pytest.raises(RequestRefusedError, match="PutItem: ValidationException: m"):
            await dynamo.put(PUT)


async def test_a_throttled_write_is_repeated_even_when_not_repeatable() -> None:
    async with scripted(THROTTLED, OK) as (dynamo, calls):
        await dynamo.put(PUT, repeatable=False)
        assert len(calls) == 2


async def test_no_server_and_a_silent_server_are_unavailable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    async with connect(settings(f"http://127.0.0.1:{port}")) as dynamo:
        with pytest.raises(UnavailableError, match="no answer"):
            await dynamo.get("things", {"pk": "1"})
    with socket.create_server(("127.0.0.1", 0)) as silent:
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"
        async with connect(settings(endpoint, 0.05)) as dynamo:
            with pytest.raises(UnavailableError, match="no answer"):
                await dynamo.get("things", {"pk": "1"})


def leftover_reads(*numbers: int) -> Answer:
    return 200, {
        "Responses": {"things": []},
        "UnprocessedKeys": {"things": {"Keys": [{"pk": {"S": str(n)}} for n in numbers]}},
    }


def leftover_deletes(*numbers: int) -> Answer:
    writes = [{"DeleteRequest": {"Key": {"pk": {"S": str(n)}}}} for n in numbers]
    return 200, {"UnprocessedItems": {"things": writes}}


KEYS = [{"pk": "1"}, {"pk": "2"}]


async def test_what_a_batch_leaves_over_is_sent_again() -> None:
    done: Answer = (200, {"Responses": {"things": [{"pk": {"S": "2"}}]}, "UnprocessedKeys": {}})
    async with scripted(leftover_reads(1, 2), leftover_reads(2), done) as (dynamo, calls):
        assert await dynamo.batch_get("things", KEYS) == [{"pk": "2"}]
        assert operations(calls) == ["BatchGetItem"] * 3
    async with scripted(leftover_deletes(1), (200, {"UnprocessedItems": {}})) as (dynamo, calls):
        await dynamo.delete_all("things", KEYS)
        assert operations(calls) == ["BatchWriteItem"] * 2


async def test_what_a_batch_always_leaves_over_is_throttled() -> None:
    async with scripted(leftover_reads(1, 2)) as (dynamo, calls):
        with pytest.raises(ThrottledError, match="leaves 2 keys undone"):
            await dynamo.batch_get("things", KEYS)
        assert len(calls) == 6
    async with scripted(leftover_deletes(1, 2)) as (dynamo, calls):
        with pytest.raises(ThrottledError, match="leaves 2 keys undone"):
            await dynamo.delete_all("things", KEYS)
        assert len(calls) == 6


async def test_too_many_actions_are_refused_before_the_call() -> None:
    async with scripted(OK) as (dynamo, calls):
        with pytest.raises(ValueError, match="1 to 100 actions, not 101"):
            await dynamo.transact([PUT] * 101)
        assert calls == []


def test_waits_grow_up_to_the_cap_and_are_one_fewer_than_the_attempts() -> None:
    backoff = Backoff(attempts=6, base_seconds=0.1, cap_seconds=0.4)
    bounds = [0.1, 0.2, 0.4, 0.4, 0.4]
    for _ in range(50):
        waits = list(backoff.waits())
        assert len(bounds) == len(waits)
        assert all(0 <= wait <= bound for wait, bound in zip(waits, bounds, strict=True))
