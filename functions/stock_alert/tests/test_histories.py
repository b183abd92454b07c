"""However a history of stock is delivered, each crossing is told once."""

from __future__ import annotations

import itertools
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from functions.stock_alert.decisions import State, follow
from functions.stock_alert.records import read_change
from functions.stock_alert.tests.memory import CrashError, World
from functions.stock_alert.tests.stream import THRESHOLDS, Step, crossings, records_of

SKUS = ("apple", "bolt", "cup")
# The levels where something may be decided, and their neighbours.
LEVELS = st.sampled_from([0, 9, 10, 11, 15, 19, 20, 21, 500])
STEPS = st.lists(
    st.builds(Step, st.sampled_from(SKUS), st.none() | LEVELS | LEVELS | LEVELS), max_size=40
)
HISTORIES = STEPS.map(records_of)


def of_sku(ids: list[str], sku: str) -> list[str]:
    return [each for each in ids if each.startswith(f"{sku}.")]


def always() -> bool:
    return True


@settings(deadline=None)
@given(HISTORIES, st.integers(1, 12))
def test_without_faults_each_crossing_is_published_once_and_in_order(
    stream: list[dict[str, Any]], size: int
) -> None:
    world = World()
    for batch in itertools.batched(stream, size, strict=False):
        assert world.batches().process(batch, time_left=always) is None
    published = [alert.id for alert in world.published]
    expected = crossings(stream, THRESHOLDS)
    for sku in SKUS:
        assert of_sku(expected, sku) == of_sku(published, sku)
    assert not any(state.pending for state in world.states.values())


@settings(deadline=None)
@given(HISTORIES, st.data())
def test_repeated_failed_and_crashed_batches_tell_each_crossing_under_one_id(
    stream: list[dict[str, Any]], data: st.DataObject
) -> None:
    """Batches come again from any earlier place, and effects fail or end the process anywhere."""
    faults = iter(data.draw(st.lists(st.sampled_from(["", "", "", "error", "crash"]), max_size=80)))

    def fail() -> None:
        match next(faults, ""):
            case "error":
                raise OSError("switched on")
            case "crash":
                raise CrashError

    world = World(fail)
    done = 0
    for _ in range(20):
        start = data.draw(st.integers(0, done))
        batch = stream[start : start + data.draw(st.integers(1, 12))]
        done = max(done, deliver(world, batch, start))
    world.fail = lambda: None
    while done < len(stream):
        done = deliver(world, stream[done : done + 5], done)
    # An alert whose state is written waits for the SKU's next record, or for the same one again.
    deliver(world, stream, 0)
    expected = crossings(stream, THRESHOLDS)
    for sku in SKUS:
        assert of_sku(expected, sku) == of_sku(world.ids, sku)
    texts = {alert.id: alert for alert in world.published}
    assert all(texts[alert.id] == alert for alert in world.published)


def deliver(world: World, batch: list[dict[str, Any]], start: int) -> int:
    """Return the place in the stream up to which it is done, as an event source would see it."""
    try:
        lowest = world.batches().process(batch, time_left=always)
    except CrashError:
        return start
    if lowest is None:
        return start + len(batch)
    numbers = [record["dynamodb"]["SequenceNumber"] for record in batch]
    return start + numbers.index(lowest)


@settings(deadline=None)
@given(HISTORIES, st.data())
def test_records_in_any_order_and_number_never_flip_a_state_twice(
    stream: list[dict[str, Any]], data: st.DataObject
) -> None:
    """What is older than the state counts for nothing; the rest is read as a history of its own."""
    changes = [read_change(record) for record in stream]
    changes = [change for change in changes if change.sku == "apple" and change.kind != "REMOVE"]
    changes = changes[: next((i for i, c in enumerate(changes) if i and c.version == 1), None)]
    if not changes:
        return
    delivered = data.draw(st.lists(st.sampled_from(changes), max_size=60))
    newest = 0
    in_order = []
    for change in delivered:
        if change.version > newest:
            newest = change.version
            in_order.append(change)
    expected = follow(State(sku="apple"), in_order, THRESHOLDS)
    assert expected == follow(State(sku="apple"), delivered, THRESHOLDS)
    assert len({alert.id for alert in expected.pending}) == len(expected.pending)
    told = [alert.version for alert in expected.pending]
    for first, second in itertools.pairwise(told):
        between = [c.on_hand for c in in_order if first < c.version < second]
        assert any(units >= THRESHOLDS.recovered for units in between)
