"""One pass over the outbox: read, publish, remove.

It waits for nothing but the three parts that it is given, so that a test can decide what happens
between any two of their calls.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from libs.outbox.planning import Accepted, Place, Plan
from libs.outbox.table import Waiting


@dataclass(slots=True)
class Outcome:
    """What became of events that were to be sent. One in no list may have arrived or not."""

    accepted: set[str] = field(default_factory=set)
    """Ids that the queue has."""
    refused: list[tuple[Waiting, str]] = field(default_factory=list)
    """Events that it will never take, with the reason."""
    failed: int = 0
    """How many were tried and not accepted."""
    down: str | None = None
    """Why no more can be sent for now."""


class Store(Protocol):
    """The outbox table."""

    async def read(
        self, starts: Mapping[str, Mapping[str, str] | None]
    ) -> tuple[list[Waiting], dict[str, Mapping[str, str] | None]]:
        """Return the next page of each shard, and where those go on that have more."""

    async def find(self, places: Sequence[Place]) -> list[Waiting]:
        """Return those of the events that there are, by a consistent read."""

    async def remove(self, events: Sequence[Waiting]) -> None:
        """Delete events."""


class Publisher(Protocol):
    """The queue."""

    async def publish(self, events: Sequence[Waiting]) -> Outcome:
        """Send events, all of different subjects."""


async def run_pass(
    store: Store,
    publisher: Publisher,
    shards: Iterable[str],
    *,
    accepted: Accepted,
    blocked: Iterable[str] = (),
    watch: Callable[[Plan], None] = lambda _plan: None,
) -> str | None:
    """Publish what is in the shards, except of the subjects `blocked`; `watch` sees every step.

    Return None, or why the queue takes nothing. Raise what the store raises. Events that were
    published and not removed are published again by a later pass, under their ids.
    """
    plan = Plan(accepted, blocked=blocked)
    starts: dict[str, Mapping[str, str] | None] = dict.fromkeys(shards)
    down = None
    while starts and not down:
        events, starts = await store.read(starts)
        plan.see(events)
        watch(plan)
        done: list[Waiting] = []
        while not down:
            while places := plan.unsure():
                plan.looked_up(places, await store.find(places))
            ready = plan.ready()
            if not ready:
                break
            outcome = await publisher.publish(ready)
            done += plan.settle(ready, outcome.accepted)
            down = outcome.down
        watch(plan)
        # Together, so that the events of one request cost one removal.
        await store.remove(done)
        plan.forget()
    return down
