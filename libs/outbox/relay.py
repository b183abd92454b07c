"""Publishes what a service wrote to its outbox, as a task in the service's own process."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Callable, Collection, Sequence

from prometheus_client import CollectorRegistry

from libs.dynamo import PARTITIONS, Dynamo, DynamoError, partition_of
from libs.outbox.lease import Lease, LeaseLostError
from libs.outbox.metrics import RelayMetrics
from libs.outbox.passes import Outcome, Publisher, run_pass
from libs.outbox.planning import Accepted
from libs.outbox.store import OutboxStore
from libs.outbox.table import Waiting
from libs.service_kit import get_logger

log = get_logger(__name__)

# Part of the lease that is left for requests that are under way when its use ends.
_MARGIN = 0.2
_RENEWALS = 3
# One request writes several events within this time, and so do requests at the same time: together
# they cost one reading of the table.
_GATHER_SECONDS = 0.05
_LONGEST_PAUSE_SECONDS = 30.0
# How long a subject is left alone whose event the queue will never take.
_REFUSED_SECONDS = 60.0
_GIVE_BACK_SECONDS = 2.0


class Relay:
    """Publishes the events of one outbox table while it holds the table's lease."""

    def __init__(
        self,
        dynamo: Dynamo,
        *,
        table: str,
        publisher: Publisher,
        lease_seconds: float,
        poll_seconds: float,
        registry: CollectorRegistry,
    ) -> None:
        self._store = OutboxStore(dynamo, table=table)
        self._publisher = publisher
        self._lease = Lease(dynamo, table=table, seconds=lease_seconds, clock=_now)
        self._lease_seconds = lease_seconds
        self._poll_seconds = poll_seconds
        self._metrics = RelayMetrics(registry)
        self._accepted = Accepted()
        self._nudged: set[str] = set()
        self._wake = asyncio.Event()
        self._refused: dict[str, float] = {}
        self._trouble: str | None = None

    def nudge(self, subject: str) -> None:
        """Have the subject's events published soon, if this process holds the lease.

        If another one does, that one finds them when it polls.
        """
        self._nudged.add(partition_of(subject))
        self._wake.set()

    async def run(self) -> None:
        """Publish until cancelled; no trouble of the table or of the queue ends it."""
        while True:
            try:
                async with self._holding() as end:
                    if end is not None:
                        await self._publish_while_held(end)
            except DynamoError as exc:
                self._note_trouble(_table_trouble(exc))
            except Exception:
                # A task that ends is missed by nobody until somebody misses the events.
                log.exception("outbox_relay_failed")
            await asyncio.sleep(self._lease_seconds / 4 * random.uniform(0.8, 1))  # noqa: S311

    @contextlib.asynccontextmanager
    async def _holding(self) -> AsyncIterator[float | None]:
        """Take the lease, if it is free, and give it back however the block ends."""
        end = await self._lease.take()
        try:
            yield end
        finally:
            if end is not None:
                self._metrics.nothing_held()
                with contextlib.suppress(DynamoError, TimeoutError):
                    async with asyncio.timeout(_GIVE_BACK_SECONDS):
                        await self._lease.give_back()

    async def _publish_while_held(self, end: float) -> None:
        log.info("outbox_lease_taken")
        try:
            async with (
                asyncio.timeout_at(self._last_moment(end)) as limit,
                asyncio.TaskGroup() as group,
            ):
                group.create_task(self._renew(limit))
                group.create_task(self._publish(limit))
        except* (LeaseLostError, TimeoutError):
            log.warning("outbox_lease_lost")

    async def _renew(self, limit: asyncio.Timeout) -> None:
        while True:
            await asyncio.sleep(self._lease_seconds / _RENEWALS)
            try:
                end = await self._lease.renew()
            except DynamoError as exc:  # the next attempt may still be in time
                self._note_trouble(_table_trouble(exc))
            else:
                limit.reschedule(self._last_moment(end))

    def _last_moment(self, end: float) -> float:
        return end - _MARGIN * self._lease_seconds

    async def _publish(self, limit: asyncio.Timeout) -> None:
        guarded = _WhileHeld(self._publisher, limit, self._note)
        next_poll = _now()
        failures = 0
        while True:
            started = _now()
            self._wake.clear()
            shards, self._nudged = self._nudged, set()
            polling = started >= next_poll
            if polling:
                shards = set(PARTITIONS)
                next_poll = started + self._poll_seconds
            if await self._pass(guarded, shards):
                failures = 0
                # Busy for no more than half of the time: what is written meanwhile is read at once.
                await self._wait(next_poll, gather=max(_GATHER_SECONDS, _now() - started))
            else:
                failures += 1
                await asyncio.sleep(self._pause(failures))
                next_poll = _now()

    async def _wait(self, next_poll: float, *, gather: float) -> None:
        """Wait for the next poll, or for a nudge and then a little for more of them."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout_at(next_poll):
                await self._wake.wait()
            await asyncio.sleep(gather)

    def _pause(self, failures: int) -> float:
        """Return how long to leave table and queue alone: longer each time, and never in step."""
        longest = min(_LONGEST_PAUSE_SECONDS, self._poll_seconds * 2.0 ** min(failures, 10))
        return longest * random.uniform(0.5, 1)  # noqa: S311

    async def _pass(self, publisher: Publisher, shards: Collection[str]) -> bool:
        """Publish what is in the shards; tell whether table and queue did their part."""
        self._refused = {name: end for name, end in self._refused.items() if end > _now()}
        whole = len(shards) == len(PARTITIONS)
        trouble = None
        try:
            trouble = await run_pass(
                self._store,
                publisher,
                sorted(shards),
                accepted=self._accepted,
                blocked=self._refused,
                watch=self._metrics.see if whole else lambda _: None,
            )
        except* DynamoError as group:
            trouble = _table_trouble(group.exceptions[0])
        self._note_trouble(trouble)
        return trouble is None

    def _note(self, outcome: Outcome) -> None:
        self._metrics.count(outcome)
        for event, reason in outcome.refused:
            # The event stays, and with it what follows it, until somebody looks.
            log.error("outbox_event_refused", event_id=event.id, problem=reason)
            self._refused[event.subject] = _now() + _REFUSED_SECONDS

    def _note_trouble(self, trouble: str | None) -> None:
        """Log what is wrong once, and that it is over."""
        if trouble and trouble != self._trouble:
            log.error("outbox_stuck", problem=trouble)
        elif self._trouble and not trouble:
            log.info("outbox_flows_again")
        self._trouble = trouble


class _WhileHeld:
    """A publisher that sends nothing once the lease may be another's.

    The limit cancels what waits, but a process that was stopped first runs what was ready before.
    """

    def __init__(
        self, publisher: Publisher, limit: asyncio.Timeout, note: Callable[[Outcome], None]
    ) -> None:
        self._publisher = publisher
        self._limit = limit
        self._note = note

    async def publish(self, events: Sequence[Waiting]) -> Outcome:
        """Send events. Raise LeaseLostError when it is too late for that."""
        end = self._limit.when()
        if end is None or _now() >= end:
            raise LeaseLostError
        outcome = await self._publisher.publish(events)
        self._note(outcome)
        return outcome


def _now() -> float:
    return asyncio.get_running_loop().time()


def _table_trouble(exc: BaseException) -> str:
    return f"the outbox table: {exc}"
