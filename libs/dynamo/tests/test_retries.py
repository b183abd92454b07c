"""Retries and errors, against a server that answers what DynamoDB answers when it is in trouble."""

import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer, unused_port
from pydantic import HttpUrl

from libs.dynamo import (
    Backoff,
    ConflictError,
    Dynamo,
    DynamoError,
    DynamoSettings,
    Put,
    RequestRefusedError,
    TableMissingError,
    ThrottledError,
    UnavailableError,
    connect,
)
from libs.dynamo.testing import CREDENTIALS

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


@asynccontextmanager
async def scripted(*answers: Answer) -> AsyncIterator[tuple[Dynamo, list[str]]]:
    """Yield a connection to a server that gives `answers` in turn, the last for ever, and its
    calls."""
    calls: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        calls.append(request.headers["X-Amz-Target"].partition(".")[2])
        status, body = answers[min(len(calls), len(answers)) - 1]
        return web.Response(status=status, text=json.dumps(body))

    app = web.Application()
    app.router.add_post("/", answer)
    async with TestServer(app) as server, connect(settings(str(server.make_url("/")))) as dynamo:
        yield dynamo, calls


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
        assert calls == ["PutItem"] * 3


@pytest.mark.parametrize(
    ("answer", "error", "most"),
    [
        (THROTTLED, ThrottledError, 4),
        (cancelled("ThrottlingError", "None"), ThrottledError, 4),
        (BROKEN, UnavailableError, 4),
        ((503, {}), UnavailableError, 4),
        ((504, {}), UnavailableError, 4),
        (cancelled("None", "TransactionConflict"), ConflictError, 10),
        (refusal("ResourceNotFoundException"), TableMissingError, 1),
        (refusal("ValidationException"), RequestRefusedError, 1),
        (refusal("AccessDeniedException"), RequestRefusedError, 1),
    ],
)
async def test_lasting_trouble_ends_in_its_own_error(
    answer: Answer, error: type[DynamoError], most: int
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


async def test_a_throttled_write_is_repeated_even_when_not_repeatable() -> None:
    async with scripted(THROTTLED, OK) as (dynamo, calls):
        await dynamo.put(PUT, repeatable=False)
        assert len(calls) == 2


async def test_no_server_and_a_silent_server_are_unavailable() -> None:
    async with connect(settings(f"http://127.0.0.1:{unused_port()}")) as dynamo:
        with pytest.raises(UnavailableError, match="no answer"):
            await dynamo.get("things", {"pk": "1"})
    with socket.create_server(("127.0.0.1", 0)) as silent:
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"
        async with connect(settings(endpoint, 0.05)) as dynamo:
            with pytest.raises(UnavailableError, match="no answer"):
                await dynamo.get("things", {"pk": "1"})


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
