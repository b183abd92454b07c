"""The proxy does each fault, and nothing to anybody while it is switched off."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from pydantic import HttpUrl

from libs.dynamo import ConflictError, ThrottledError, UnavailableError, connect
from libs.dynamo.settings import DynamoSettings
from libs.dynamo.testing import CREDENTIALS
from services.tests.faults.fault_proxy import (
    Fault,
    FaultPlan,
    FaultProxy,
    Refusal,
    dynamodb_refusal,
    http_refusal,
    proxied,
)


class Counting:
    """A server that counts what reaches it."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.bodies.append(await request.read())
        if request.path == "/chunked":
            response = web.StreamResponse()
            await response.prepare(request)
            await response.write(b"one")
            await response.write(b"two")
            return response
        return web.Response(body=b"answer")


@asynccontextmanager
async def proxy(
    fault: Fault, refusal: Refusal = http_refusal
) -> AsyncIterator[tuple[FaultProxy, Counting]]:
    """A proxy that always injects `fault`, before a server that counts."""
    server = Counting()
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", server.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    plan = FaultPlan({fault: 1.0}, Random(1), enabled=True)
    try:
        async with proxied("127.0.0.1", port, plan, refusal) as running:
            yield running, server
    finally:
        await runner.cleanup()


async def post(url: str, body: bytes = b"body") -> tuple[int, bytes]:
    async with aiohttp.ClientSession() as session, session.post(url, data=body) as response:
        return response.status, await response.read()


@pytest.mark.parametrize("path", ["/", "/chunked"])
async def test_switched_off_it_passes_everything_on(path: str) -> None:
    async with proxy(Fault.REFUSE) as (running, server):
        running.plan.enabled = False
        expected = b"onetwo" if path == "/chunked" else b"answer"
        assert (200, expected) == await post(running.url + path)
        assert [b"body"] == server.bodies
        assert not running.plan.injected


async def test_one_connection_carries_many_requests() -> None:
    async with proxy(Fault.DELAY) as (running, server), aiohttp.ClientSession() as session:
        for number in range(3):
            async with session.post(running.url, data=str(number)) as response:
                assert b"answer" == await response.read()
        assert [b"0", b"1", b"2"] == server.bodies
        assert 3 == running.plan.injected[Fault.DELAY]


@pytest.mark.parametrize(
    ("fault", "reaches"), [(Fault.REFUSE, 0), (Fault.LOSE, 1), (Fault.LATE, 1)]
)
async def test_the_connection_ends_without_an_answer(fault: Fault, reaches: int) -> None:
    async with proxy(fault) as (running, server):
        with pytest.raises(aiohttp.ClientError):
            await post(running.url)
        if fault is Fault.LATE:
            assert [] == server.bodies
            running.plan.enabled = False
            while not server.bodies:
                await post(running.url + "/other", b"other")
            while b"body" not in server.bodies:
                await post(running.url + "/other", b"other")
        assert reaches == server.bodies.count(b"body")
        assert 1 == running.plan.injected[fault]


async def test_an_error_does_not_reach_the_server() -> None:
    async with proxy(Fault.ERROR) as (running, server):
        status, _ = await post(running.url)
        assert (503, []) == (status, server.bodies)


async def test_a_server_that_is_away_ends_the_connection() -> None:
    plan = FaultPlan({}, Random(1))
    async with proxied("127.0.0.1", 9, plan, http_refusal) as running:
        with pytest.raises(aiohttp.ClientError):
            await post(running.url)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault.CONFLICT, ConflictError),
        (Fault.THROTTLE, ThrottledError),
        (Fault.ERROR, UnavailableError),
        (Fault.LOSE, UnavailableError),
    ],
)
@pytest.mark.parametrize("operation", ["TransactWriteItems", "UpdateItem"])
async def test_a_dynamodb_client_takes_it_for_dynamodb(
    fault: Fault, error: type[Exception], operation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    request: dict[str, Any] = {"TransactItems": [{}, {}]}
    async with proxy(fault, dynamodb_refusal) as (running, server):
        settings = DynamoSettings(dynamodb_endpoint=HttpUrl(running.url))
        async with connect(settings) as dynamo:
            with pytest.raises(error):
                await dynamo.call(operation, request, repeatable=False)
    assert (fault is Fault.LOSE) == bool(server.bodies)
