"""Deliveries are collected, and those that do not tell the whole story are named."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from standardwebhooks import Webhook

from tools.dev import events as events_module
from tools.dev.errors import DevError
from tools.dev.events import Events, collecting
from tools.dev.placing import Outcome, Status
from tools.dev.subscriber import Subscriber
from tools.dev.tests.scripted_service import service


def event(step: str, sequence: int, order_id: str = "o1", **data: str) -> str:
    return json.dumps(
        {
            "id": f"{order_id}.{sequence}",
            "type": f"granary.order.{step}.v1",
            "subject": order_id,
            "sequence": f"{sequence:020}",
            "data": data,
        }
    )


PLACED, CONFIRMED, SHIPPED = event("placed", 1), event("confirmed", 2), event("shipped", 3)


def outcome(status: Status, order_id: str = "o1") -> Outcome:
    return Outcome({}, "k", status=status, order_id=order_id)


def faults(status: Status, *texts: str) -> list[str]:
    events = Events()
    for text in texts:
        events.add(webhook_id(text), text)
    return events.faults([outcome(status)])


def webhook_id(text: str) -> str:
    try:
        return str(json.loads(text)["id"])
    except ValueError:
        return ""


@pytest.mark.parametrize(
    ("status", "texts"),
    [
        ("confirmed", [PLACED, CONFIRMED]),
        ("shipped", [PLACED, CONFIRMED, SHIPPED]),
        ("shipped", [PLACED, CONFIRMED, PLACED, SHIPPED, CONFIRMED]),
        ("cancelled", [PLACED, CONFIRMED, event("cancelled", 3)]),
        ("rejected", [PLACED, event("rejected", 2)]),
        ("confirmed", [PLACED, CONFIRMED, event("placed", 1, "o2")]),
        ("failed", []),
    ],
)
def test_a_whole_story_has_no_faults(status: Status, texts: list[str]) -> None:
    assert faults(status, *texts) == []


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ([], "its events are none"),
        ([PLACED], "its events are granary.order.placed.v1"),
        ([PLACED, CONFIRMED], "its events are granary.order.placed.v1, granary.order.confirmed.v1"),
        ([CONFIRMED, PLACED, SHIPPED], "its events came as granary.order.confirmed.v1"),
        ([PLACED, CONFIRMED, event("cancelled", 3)], "granary.order.cancelled.v1"),
        ([PLACED, CONFIRMED, SHIPPED, event("shipped", 4)], "its events are"),
        ([PLACED, event("confirmed", 3), event("shipped", 2)], "its events came as"),
        (
            [PLACED, CONFIRMED, SHIPPED, event("placed", 1, by="somebody")],
            "event o1.1 came twice and says two things",
        ),
        ([PLACED, CONFIRMED, SHIPPED, "{"], "Expecting property name"),
        ([PLACED, CONFIRMED, SHIPPED, '{"id": 1}'], "not an event"),
    ],
)
def test_a_fault_is_named(texts: list[str], message: str) -> None:
    (fault,) = faults("shipped", *texts)
    assert message in fault


def test_deliveries_are_counted_by_what_came_of_them() -> None:
    events = Events()
    events.add("o1.1", PLACED, "refused at first")
    for text in (PLACED, CONFIRMED, PLACED):
        events.add(webhook_id(text), text)
    assert events.text([outcome("confirmed")]) == (
        "webhooks: 2 events of these orders delivered, their signatures verified; "
        "1 refused at first and sent again, 1 delivered twice"
    )


def test_a_delivery_that_is_not_verified_is_a_fault() -> None:
    events = Events()
    events.add("o1.1", PLACED, "not verified: No matching signature found")
    assert events.faults([]) == ["event o1.1: not verified: No matching signature found"]


def test_a_delivery_under_another_id_is_a_fault() -> None:
    events = Events()
    events.add("o1.2", PLACED)
    assert events.faults([]) == ["event o1.1 came with the webhook-id 'o1.2'"]


SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


async def deliver(address: str, text: str, secret: str = SECRET) -> int:
    now = datetime.now(UTC)
    name = webhook_id(text)
    headers = {
        "webhook-id": name,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(secret).sign(name, now, text),
    }
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{address}/webhooks", data=text, headers=headers) as answer,
    ):
        return answer.status


@asynccontextmanager
async def subscribed(*, refused_share: float = 0) -> AsyncIterator[str]:
    subscriber = Subscriber(SECRET, refused_share=refused_share)
    async with TestServer(subscriber.application()) as server:
        yield f"http://127.0.0.1:{server.port}"


async def test_what_the_subscriber_is_sent_is_collected() -> None:
    async with subscribed() as address:
        assert await deliver(address, event("placed", 1, "earlier")) == 204
        async with collecting(address) as events:
            for text in (PLACED, CONFIRMED, SHIPPED):
                assert await deliver(address, text) == 204
            await asyncio.wait_for(events.complete([outcome("shipped")]), 10)
            assert events.faults([outcome("shipped")]) == []
            assert events.of("earlier") == ()


async def test_the_subscriber_refuses_a_wrong_signature() -> None:
    async with subscribed() as address, collecting(address) as events:
        assert await deliver(address, PLACED, "whsec_" + "A" * 32) == 401
        await asyncio.wait_for(events.news(), 10)
        assert events.faults([]) == ["event o1.1: not verified: No matching signature found"]


@pytest.mark.parametrize("header", ["webhook-id", "webhook-timestamp", "webhook-signature"])
async def test_the_subscriber_refuses_a_request_without_a_header(header: str) -> None:
    headers = {"webhook-id": "a", "webhook-timestamp": "1", "webhook-signature": "v1,AA=="}
    del headers[header]
    async with (
        subscribed() as address,
        aiohttp.ClientSession() as session,
        session.post(f"{address}/webhooks", data="{}", headers=headers) as answer,
    ):
        assert answer.status == 401


async def test_the_subscriber_refuses_an_event_once_at_most() -> None:
    async with subscribed(refused_share=1) as address:
        assert [await deliver(address, PLACED) for _ in range(3)] == [503, 204, 204]


async def test_waiting_for_events_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events_module, "PATIENCE_SECONDS", 0.05)
    async with subscribed() as address, collecting(address) as events:
        await events.complete([outcome("confirmed")])
        assert events.faults([outcome("confirmed")])


async def test_a_subscriber_that_refuses_is_an_error() -> None:
    async def refuse(_: web.Request) -> web.StreamResponse:
        return web.Response(status=404, text="nothing here")

    async with service(refuse) as address:
        with pytest.raises(DevError, match="the subscriber answers 404 nothing here"):
            async with collecting(address):
                pass


async def test_a_subscriber_that_goes_away_is_an_error() -> None:
    async with subscribed() as address:
        collected = collecting(address)
        await collected.__aenter__()
    await asyncio.sleep(0.5)
    with pytest.raises(DevError, match="the subscriber does not answer"):
        await collected.__aexit__(None, None, None)
