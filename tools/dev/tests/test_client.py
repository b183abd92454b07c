"""The demo's client is patient, honours Retry-After, and stops at a definite answer."""

from __future__ import annotations

import time

import aiohttp
import pytest
from aiohttp import web

from tools.dev import client
from tools.dev.client import Answer, Client, NoAnswerError, Order
from tools.dev.tests.scripted_service import Handler, order_is, problem, scripted, service

ORDER: Order = {"customer_id": "me", "lines": [{"sku": "mug", "quantity": 1}]}


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "FIRST_WAIT_SECONDS", 0.001)
    monkeypatch.setattr(client, "POLL_SECONDS", 0.001)


async def place(handler: Handler) -> tuple[Answer, Client]:
    async with service(handler) as address, aiohttp.ClientSession(address) as session:
        patient = Client(session)
        return await patient.place(ORDER, key="k"), patient


async def test_a_definite_answer_ends_it() -> None:
    handler, requests = scripted(order_is("CONFIRMED"))
    answer, patient = await place(handler)
    assert (answer.status, answer.order_id, len(requests)) == (201, "o1", 1)
    assert answer.document["status"] == "CONFIRMED"
    assert not patient.repeated


@pytest.mark.parametrize(
    ("code", "kind"),
    [(409, "insufficient-stock"), (409, "unknown-sku"), (422, "idempotency-key-reused")],
)
async def test_a_refusal_is_definite(code: int, kind: str) -> None:
    handler, requests = scripted(problem(code, kind))
    answer, _ = await place(handler)
    assert (answer.status, answer.problem, len(requests)) == (code, kind, 1)


@pytest.mark.parametrize(
    ("first", "said"),
    [
        (problem(503, "contention"), "503 contention"),
        (web.Response(status=500, text="oh"), "500"),
        (None, "ServerDisconnectedError"),
    ],
)
async def test_what_is_not_definite_is_repeated_unchanged(
    first: web.Response | None, said: str
) -> None:
    handler, requests = scripted(first, order_is("CONFIRMED"))
    answer, patient = await place(handler)
    assert answer.status == 201
    assert [request.headers["Idempotency-Key"] for request in requests] == ["k", "k"]
    assert patient.repeated == {said: 1}


async def test_retry_after_is_honoured() -> None:
    in_flight = problem(409, "request-in-flight", retry_after="1")
    handler, requests = scripted(in_flight, order_is("CONFIRMED"))
    started = time.monotonic()
    answer, patient = await place(handler)
    assert answer.status == 201
    assert len(requests) == 2
    assert patient.repeated == {"409 request-in-flight": 1}
    assert time.monotonic() - started >= 1


async def test_patience_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "PATIENCE_SECONDS", 0.1)

    async def handle(_: web.Request) -> web.StreamResponse:
        return problem(503, "contention")

    with pytest.raises(NoAnswerError, match="503 contention"):
        await place(handle)


async def test_a_service_that_is_away_is_waited_for_only_so_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(client, "PATIENCE_SECONDS", 0.1)
    async with service(scripted()[0]) as address:
        pass
    async with aiohttp.ClientSession(address) as session:
        with pytest.raises(NoAnswerError, match="ClientConnectorError"):
            await Client(session).get("/")


async def test_a_pending_order_is_polled_until_it_is_decided() -> None:
    pending = [order_is("PENDING", code=200) for _ in range(3)]
    handler, requests = scripted(*pending, order_is("REJECTED", code=200))
    async with service(handler) as address, aiohttp.ClientSession(address) as session:
        answer = await Client(session).decided("o1")
    assert answer.document["status"] == "REJECTED"
    assert [(request.method, request.path) for request in requests] == [
        ("GET", "/v1/orders/o1")
    ] * 4


async def test_an_order_that_stays_pending_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "SETTLE_SECONDS", 0.05)

    async def handle(_: web.Request) -> web.StreamResponse:
        return order_is("PENDING", code=200)

    async with service(handle) as address, aiohttp.ClientSession(address) as session:
        with pytest.raises(NoAnswerError, match=r"still PENDING after 0\.05 s"):
            await Client(session).decided("o1")


@pytest.mark.parametrize("body", [b"", b"[]", b"\xff", b'{"type": "about:blank"}'])
def test_an_answer_that_is_not_granarys_has_no_problem(body: bytes) -> None:
    answer = Answer(502, body, "/v1/orders/o9")
    assert (answer.problem, answer.order_id) == ("", "o9")
