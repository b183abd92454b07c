"""Collect the events of a run from the queue, and check that they tell of each order in full."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp

from tools.dev.placing import Outcome
from tools.dev.queues import Sqs

PATIENCE_SECONDS = 30.0
"""How long after the last order its events may come."""

# The steps that an order in each state has gone through.
STEPS: Mapping[str, Sequence[str]] = {
    "confirmed": ("placed", "confirmed"),
    "rejected": ("placed", "rejected"),
    "shipped": ("placed", "confirmed", "shipped"),
    "cancelled": ("placed", "confirmed", "cancelled"),
}


@dataclass(frozen=True)
class Event:
    """A CloudEvent, with its text for comparison."""

    id: str
    kind: str
    subject: str
    sequence: int
    text: str

    @classmethod
    def parse(cls, text: str) -> Event:
        """Return the event of a message. Raise ValueError for what is none."""
        try:
            event: dict[str, Any] = json.loads(text)
            return cls(event["id"], event["type"], event["subject"], int(event["sequence"]), text)
        except (KeyError, TypeError) as error:
            raise ValueError(f"not an event: {text[:200]}") from error


class Events:
    """The events that came, in the order of their coming."""

    def __init__(self) -> None:
        self._by_subject: dict[str, list[Event]] = defaultdict(list)
        self._unreadable: list[str] = []
        self._news = asyncio.Event()

    def add(self, text: str) -> None:
        """Take a message's body."""
        try:
            event = Event.parse(text)
        except ValueError as error:
            self._unreadable.append(str(error))
        else:
            self._by_subject[event.subject].append(event)
        self._news.set()

    def of(self, order_id: str) -> Sequence[Event]:
        """Return the events of an order, repeated ones included."""
        return self._by_subject.get(order_id, ())

    async def complete(self, outcomes: Sequence[Outcome]) -> None:
        """Wait until the orders have their events, or until that takes too long."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_SECONDS):
                while self._missing(outcomes):
                    self._news.clear()
                    await self._news.wait()

    def text(self, outcomes: Sequence[Outcome]) -> str:
        """Return how many events told of the orders."""
        all_of_them = [event for outcome in outcomes for event in self.of(outcome.order_id)]
        different = len({event.id for event in all_of_them})
        return (
            f"events of these orders: {different}, and {len(all_of_them) - different} of them again"
        )

    def faults(self, outcomes: Sequence[Outcome]) -> list[str]:
        """Return a sentence for each order whose events do not tell what became of it."""
        found = list(self._unreadable)
        for outcome in outcomes:
            if outcome.status in STEPS:
                wanted = [f"granary.order.{step}.v1" for step in STEPS[outcome.status]]
                found += _faults(outcome, self.of(outcome.order_id), wanted)
        return found

    def _missing(self, outcomes: Sequence[Outcome]) -> bool:
        return any(
            len({event.id for event in self.of(outcome.order_id)})
            < len(STEPS.get(outcome.status, ()))
            for outcome in outcomes
        )


def _faults(outcome: Outcome, events: Sequence[Event], wanted: Sequence[str]) -> list[str]:
    name = f"order {outcome.order_id} ({outcome.status})"
    first: dict[str, Event] = {}
    found = []
    for event in events:
        known = first.setdefault(event.id, event)
        if known.text != event.text:
            found.append(f"{name}: event {event.id} came twice and says two things")
    kinds = [event.kind for event in first.values()]
    sequences = [event.sequence for event in first.values()]
    if sorted(kinds) != sorted(wanted):
        found.append(f"{name}: its events are {', '.join(kinds) or 'none'}")
    elif kinds != list(wanted) or sequences != sorted(set(sequences)):
        found.append(f"{name}: its events came as {', '.join(kinds)}")
    return found


@asynccontextmanager
async def collecting(endpoint: str, queue: str) -> AsyncIterator[Events]:
    """Move messages from a queue to the yielded events while the context lasts.

    Raises:
        DevError: the queue does not answer.
    """
    async with aiohttp.ClientSession() as session:
        sqs = Sqs(session, endpoint)
        url = await sqs.queue_url(queue)
        events = Events()
        moving = asyncio.create_task(_move(sqs, url, events))
        try:
            yield events
        finally:
            moving.cancel()
            await asyncio.wait({moving})
        if not moving.cancelled():
            moving.result()


async def _move(sqs: Sqs, url: str, events: Events) -> None:
    while True:
        messages = await sqs.receive(url)
        for message in messages:
            events.add(message.body)
        if messages:
            await sqs.delete(url, messages)
