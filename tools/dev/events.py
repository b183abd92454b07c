"""Collect what the subscriber was sent in a run, and check that it tells of each order in full."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import aiohttp

from tools.dev.errors import DevError
from tools.dev.placing import Outcome

PATIENCE_SECONDS = 60.0
"""How long after the last order its events may come."""
POLL_SECONDS = 0.2
REFUSED_AT_FIRST = "refused at first"

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
    """The events that were delivered, in the order of their coming."""

    def __init__(self) -> None:
        self._by_subject: dict[str, list[Event]] = defaultdict(list)
        self._bad: list[str] = []
        self._refused: set[str] = set()
        self._news = asyncio.Event()

    def add(self, webhook_id: str, body: str, problem: str = "") -> None:
        """Take a delivery; `problem` is why the subscriber refused it."""
        self._news.set()
        try:
            event = Event.parse(body)
        except ValueError as error:
            self._bad.append(str(error))
            return
        if event.id != webhook_id:
            self._bad.append(f"event {event.id} came with the webhook-id {webhook_id!r}")
        elif problem == REFUSED_AT_FIRST:
            self._refused.add(event.id)
        elif problem:
            self._bad.append(f"event {event.id}: {problem}")
        else:
            self._by_subject[event.subject].append(event)

    def of(self, order_id: str) -> Sequence[Event]:
        """Return the events of an order, repeated ones included."""
        return self._by_subject.get(order_id, ())

    async def complete(self, outcomes: Sequence[Outcome]) -> None:
        """Wait until the orders have their events, or until that takes too long."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_SECONDS):
                while self._missing(outcomes):
                    await self.news()

    async def news(self) -> None:
        """Wait for the next delivery."""
        self._news.clear()
        await self._news.wait()

    def text(self, outcomes: Sequence[Outcome]) -> str:
        """Return how many events told of the orders."""
        all_of_them = [event for outcome in outcomes for event in self.of(outcome.order_id)]
        ids = {event.id for event in all_of_them}
        return (
            f"webhooks: {len(ids)} events of these orders delivered, their signatures verified; "
            f"{len(ids & self._refused)} refused at first and sent again, "
            f"{len(all_of_them) - len(ids)} delivered twice"
        )

    def faults(self, outcomes: Sequence[Outcome]) -> list[str]:
        """Return a sentence for each order whose events do not tell what became of it."""
        found = list(self._bad)
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
async def collecting(subscriber: str) -> AsyncIterator[Events]:
    """Add what is delivered to the subscriber to the yielded events while the context lasts.

    Raises:
        DevError: the subscriber does not answer.
    """
    async with aiohttp.ClientSession(subscriber) as session:
        known = 0
        while (further := (await _deliveries(session, known))["next"]) > known:
            known = further
        events = Events()
        following = asyncio.create_task(_follow(session, known, events))
        try:
            yield events
        finally:
            following.cancel()
            await asyncio.wait({following})
        if not following.cancelled():
            following.result()


async def _follow(session: aiohttp.ClientSession, after: int, events: Events) -> None:
    while True:
        page = await _deliveries(session, after)
        for delivery in page["deliveries"]:
            events.add(delivery["id"], delivery["body"], delivery["problem"])
        after = page["next"]
        if not page["deliveries"]:
            await asyncio.sleep(POLL_SECONDS)


async def _deliveries(session: aiohttp.ClientSession, after: int) -> dict[str, Any]:
    try:
        async with session.get("/deliveries", params={"after": str(after)}) as answer:
            if answer.status != HTTPStatus.OK:
                raise DevError(f"the subscriber answers {answer.status} {await answer.text()}")
            page: dict[str, Any] = await answer.json()
            return page
    except (aiohttp.ClientError, TimeoutError) as error:
        raise DevError(f"the subscriber does not answer: {error!r}") from error
