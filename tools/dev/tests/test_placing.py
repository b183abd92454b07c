"""The demo's client against a service that answers badly on purpose."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from tools.dev import placing
from tools.dev.placing import Order, Outcome, place_all

ORDER: Order = {"customer_id": "me", "lines": [{"sku": "mug", "quantity": 1}]}
Handler = Callable[[web.Request], Awaitable[web.Response]]


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(placing, "WAIT_SECONDS", 0.001)


@asynccontextmanager
async def service(handler: Handler) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_post("/v1/orders", handler)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


async def place(address: str, orders: list[Order], concurrency: int = 4) -> list[Outcome]:
    return await place_all(address, orders, concurrency=concurrency, placed=lambda _: None)


def problem(status: int, kind: str) -> web.Response:
    body = {"type": f"urn:granary:problem:{kind}", "status": status}
    return web.json_response(body, status=status, content_type="application/problem+json")


def scripted(*answers: web.Response | None) -> tuple[Handler, list[str]]:
    """Return a handler that gives these answers in turn, and the keys that it is sent."""
    keys: list[str] = []
    remaining = iter(answers)

    async def handle(request: web.Request) -> web.Response:
        keys.append(request.headers["Idempotency-Key"])
        answer = next(remaining)
        if answer is None:  # the connection breaks
            assert request.transport is not None
            request.transport.close()
            return web.Response()
        return answer

    return handle, keys


def order_is(status: str) -> web.Response:
    return web.json_response({"status": status}, status=201)


async def test_a_confirmed_order_is_placed_once() -> None:
    handler, keys = scripted(order_is("CONFIRMED"))
    async with service(handler) as address:
        (outcome,) = await place(address, [ORDER])
    assert (outcome.status, outcome.reason) == ("confirmed", "")
    assert len(keys) == 1


@pytest.mark.parametrize(("code", "kind"), [(409, "insufficient-stock"), (422, "unknown-sku")])
async def test_a_rejection_is_final_and_has_a_reason(code: int, kind: str) -> None:
    handler, keys = scripted(problem(code, kind))
    async with service(handler) as address:
        (outcome,) = await place(address, [ORDER])
    assert (outcome.status, outcome.reason) == ("rejected", kind)
    assert len(keys) == 1


@pytest.mark.parametrize("first", [order_is("PENDING"), problem(503, "contention"), None])
async def test_an_undecided_order_is_repeated_under_its_key(first: web.Response | None) -> None:
    handler, keys = scripted(first, order_is("CONFIRMED"))
    async with service(handler) as address:
        (outcome,) = await place(address, [ORDER])
    assert outcome.status == "confirmed"
    assert len(keys) == 2
    assert len(set(keys)) == 1


async def test_an_order_that_stays_undecided_is_pending() -> None:
    handler, keys = scripted(*(order_is("PENDING") for _ in range(placing.ATTEMPTS)))
    async with service(handler) as address:
        (outcome,) = await place(address, [ORDER])
    assert outcome.status == "pending"
    assert len(keys) == placing.ATTEMPTS


async def test_a_refused_request_is_a_failure_and_not_repeated() -> None:
    handler, keys = scripted(problem(422, "invalid-request"))
    async with service(handler) as address:
        (outcome,) = await place(address, [ORDER])
    assert (outcome.status, outcome.reason) == ("failed", "422 invalid-request")
    assert len(keys) == 1


async def test_every_order_has_a_key_of_its_own_and_few_are_under_way() -> None:
    seen: dict[str, int] = defaultdict(int)
    under_way = most = 0

    async def handle(request: web.Request) -> web.Response:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        seen[request.headers["Idempotency-Key"]] += 1
        await asyncio.sleep(0.005)
        under_way -= 1
        return order_is("CONFIRMED")

    async with service(handle) as address:
        outcomes = await place(address, [ORDER] * 30, concurrency=3)
        again = await place(address, [ORDER] * 30, concurrency=3)
    assert len(outcomes) + len(again) == 60
    assert len(seen) == 60
    assert most == 3
