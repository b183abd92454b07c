"""Events are collected from a queue, and those that do not tell the whole story are named."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from aiohttp import web

from tools.dev import events as events_module
from tools.dev.errors import DevError
from tools.dev.events import Events, collecting
from tools.dev.placing import Outcome, Status
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
        events.add(text)
    return events.faults([outcome(status)])


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


def test_repeated_events_are_counted() -> None:
    events = Events()
    for text in (PLACED, CONFIRMED, PLACED):
        events.add(text)
    assert events.text([outcome("confirmed")]) == "events of these orders: 2, and 1 of them again"


class Queue:
    """A queue's server: gives each batch of bodies once, then nothing."""

    def __init__(self, *batches: list[str]) -> None:
        self.batches = list(batches)
        self.deleted: list[str] = []
        self.emptied = asyncio.Event()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        action = request.headers["X-Amz-Target"].removeprefix("AmazonSQS.")
        body: dict[str, Any] = await request.json()
        answer: dict[str, Any] = {}
        if action == "GetQueueUrl":
            answer = {"QueueUrl": "the-url"}
        elif action == "DeleteMessageBatch":
            self.deleted += [entry["ReceiptHandle"] for entry in body["Entries"]]
        elif self.batches:
            batch = self.batches.pop(0)
            answer = {"Messages": [{"Body": text, "ReceiptHandle": text} for text in batch]}
        else:
            self.emptied.set()
            await asyncio.sleep(0.01)
        return web.json_response(answer)


async def test_messages_are_collected_and_deleted() -> None:
    queue = Queue([PLACED, CONFIRMED], [SHIPPED])
    async with service(queue.answer) as address, collecting(address, "q") as events:
        await asyncio.wait_for(events.complete([outcome("shipped")]), 10)
        assert events.faults([outcome("shipped")]) == []
        await asyncio.wait_for(queue.emptied.wait(), 10)
    assert queue.deleted == [PLACED, CONFIRMED, SHIPPED]


async def test_waiting_for_events_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events_module, "PATIENCE_SECONDS", 0.05)
    async with service(Queue([PLACED]).answer) as address, collecting(address, "q") as events:
        await events.complete([outcome("confirmed")])
        assert events.faults([outcome("confirmed")])


async def test_a_queue_that_refuses_is_an_error() -> None:
    async def refuse(_: web.Request) -> web.StreamResponse:
        return web.Response(status=400, text="NonExistentQueue")

    async with service(refuse) as address:
        with pytest.raises(DevError, match="GetQueueUrl: 400 NonExistentQueue"):
            async with collecting(address, "q"):
                pass


async def test_a_queue_that_goes_away_is_an_error() -> None:
    async with service(Queue().answer) as address:
        collected = collecting(address, "q")
        await collected.__aenter__()
    await asyncio.sleep(0.1)
    with pytest.raises(DevError, match="does not answer ReceiveMessage"):
        await collected.__aexit__(None, None, None)
