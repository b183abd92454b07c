"""One relay between a real table and a real queue, and what may go wrong on either side."""

import asyncio
import itertools
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

from prometheus_client import CollectorRegistry
from pydantic import HttpUrl
from structlog.testing import capture_logs

from libs.dynamo import Put
from libs.outbox import OutboxSettings, record, relaying
from libs.outbox.event import MAX_BYTES
from libs.outbox.lease import KEY
from libs.outbox.relaying import Nudged
from libs.outbox.tests.conftest import Outbox, Queue
from libs.outbox.tests.events import chained, event

LONG = 60.0


@asynccontextmanager
async def relay(
    outbox: Outbox,
    queue: Queue,
    *,
    poll_seconds: float = 0.05,
    registry: CollectorRegistry | None = None,
) -> AsyncIterator[Nudged]:
    settings = OutboxSettings(
        events_queue_url=HttpUrl(queue.url()),
        relay_poll_seconds=poll_seconds,
        relay_lease_seconds=2,
    )
    async with relaying(
        outbox.dynamo, settings, table=outbox.table, registry=registry or CollectorRegistry()
    ) as running:
        yield running


def places(events: Iterable[dict[str, Any]]) -> dict[str, list[int]]:
    """Return the sequences of each subject as they came."""
    sequences: dict[str, list[int]] = defaultdict(list)
    for received in events:
        sequences[received["subject"]].append(int(received["sequence"]))
    return dict(sequences)


async def test_events_reach_the_queue_in_their_order_and_leave_the_table(
    outbox: Outbox, queue: Queue
) -> None:
    for subject in ("a", "b", "c"):
        await outbox.write(*(chained(subject, sequence) for sequence in (1, 2, 3)))
    async with relay(outbox, queue):
        await outbox.emptied()
    received = await queue.received()
    assert places(received) == {key: [1, 2, 3] for key in "abc"}
    assert {message["id"] for message in received} == {
        f"{subject}.{sequence}" for subject in "abc" for sequence in (1, 2, 3)
    }


async def test_a_nudged_subject_is_published_without_waiting_for_the_poll(
    outbox: Outbox, queue: Queue
) -> None:
    async with relay(outbox, queue, poll_seconds=LONG) as running:
        await asyncio.sleep(0.5)  # the first poll is over
        await outbox.write(chained("a", 1))
        running.nudge("a")
        await outbox.emptied(seconds=5)
        await outbox.write(chained("a", 2))
        running.nudge("a")
        await outbox.emptied(seconds=5)
    assert places(await queue.received()) == {"a": [1, 2]}


async def test_a_backlog_of_many_pages_is_published_in_order(outbox: Outbox, queue: Queue) -> None:
    subjects = [f"s{number}" for number in range(400)]

    records = [
        record(chained(subject, sequence), table=outbox.table)
        for subject in subjects
        for sequence in (1, 2, 3)
    ]
    for together in itertools.batched(records, 60, strict=False):
        await outbox.dynamo.transact(together)
    async with relay(outbox, queue):
        await outbox.emptied()
    assert places(await queue.received()) == {key: [1, 2, 3] for key in subjects}


async def test_events_wait_while_the_queue_is_away(outbox: Outbox, queue: Queue) -> None:
    queue.gate.closed = True
    registry = CollectorRegistry()
    await outbox.write(chained("a", 1), chained("b", 1))
    with capture_logs() as logs:
        async with relay(outbox, queue, registry=registry):
            await asyncio.sleep(1.5)
            await outbox.write(chained("a", 2))
            assert registry.get_sample_value("outbox_waiting") == 2
            lag = registry.get_sample_value("outbox_lag_seconds")
            assert lag is not None
            assert lag > 1_000  # the test's events are of a fixed, earlier time
            failures = registry.get_sample_value("outbox_publish_failures_total")
            assert failures is not None
            assert failures >= 2
            queue.gate.closed = False
            await outbox.emptied()
            await asyncio.sleep(0.3)
            assert registry.get_sample_value("outbox_waiting") == 0
            assert registry.get_sample_value("outbox_lag_seconds") == 0
            assert registry.get_sample_value("outbox_published_total") == 3
    assert places(await queue.received()) == {"a": [1, 2], "b": [1]}
    named = [entry["event"] for entry in logs]
    assert named.count("outbox_stuck") == 1
    assert named.count("outbox_flows_again") == 1


async def test_a_lost_answer_repeats_ids_and_adds_none(outbox: Outbox, queue: Queue) -> None:
    subjects = [f"s{number}" for number in range(30)]
    for subject in subjects:
        await outbox.write(chained(subject, 1), chained(subject, 2))
    queue.gate.losing = 8
    async with relay(outbox, queue):
        await outbox.emptied()
    assert queue.gate.losing == 0
    assert queue.gate.passed > 6  # as few as without a loss: requests were repeated
    assert places(await queue.received()) == {key: [1, 2] for key in subjects}


async def test_a_queue_that_does_not_exist_is_said_once_and_used_once_it_does(
    outbox: Outbox, queue: Queue
) -> None:
    queue.name = queue.name.replace(".fifo", "-later.fifo")
    await outbox.write(chained("a", 1))
    with capture_logs() as logs:
        async with relay(outbox, queue):
            await asyncio.sleep(1.5)
            assert await outbox.waiting() == ["a.1"]
            asked = queue.gate.passed
            await queue.create()
            await outbox.emptied()
    assert asked < 10
    problems = [entry["problem"] for entry in logs if entry["event"] == "outbox_stuck"]
    assert problems == ["the queue does not exist: create it, or correct EVENTS_QUEUE_URL"]


async def test_an_event_that_no_queue_takes_blocks_its_subject_only(
    outbox: Outbox, queue: Queue
) -> None:
    item = dict(record(chained("big", 1), table=outbox.table).item)
    item["message"] = "x" * (MAX_BYTES + 1)
    await outbox.dynamo.put(Put(table=outbox.table, item=item))
    await outbox.write(chained("big", 2), chained("a", 1))
    with capture_logs() as logs:
        async with relay(outbox, queue):
            await queue.holds(1)
            await outbox.write(chained("a", 2))
            await queue.holds(2)
            await asyncio.sleep(0.5)
    assert places(await queue.received()) == {"a": [1, 2]}
    assert sorted(await outbox.waiting()) == ["big.1", "big.2"]
    refused = [entry for entry in logs if entry["event"] == "outbox_event_refused"]
    assert [entry["event_id"] for entry in refused] == ["big.1"]


async def test_a_missing_table_ends_nothing(outbox: Outbox, queue: Queue) -> None:
    missing = Outbox(outbox.dynamo, "not-there", outbox.endpoint)
    with capture_logs() as logs:
        async with relay(missing, queue):
            await asyncio.sleep(1.2)
    assert [entry["event"] for entry in logs] == ["outbox_stuck"]


async def test_a_relay_that_stops_leaves_the_lease_to_others(outbox: Outbox, queue: Queue) -> None:
    async with relay(outbox, queue):
        await outbox.write(chained("a", 1))
        await outbox.emptied()
        assert await outbox.dynamo.get(outbox.table, KEY) is not None
    assert await outbox.dynamo.get(outbox.table, KEY) is None


async def test_without_a_queue_events_are_kept(outbox: Outbox) -> None:
    registry = CollectorRegistry()
    async with relaying(
        outbox.dynamo, OutboxSettings(), table=outbox.table, registry=registry
    ) as running:
        await outbox.write(event("a", 1))
        running.nudge("a")
        await asyncio.sleep(0.2)
    assert await outbox.waiting() == ["a.1"]
    assert await outbox.dynamo.get(outbox.table, KEY) is None
