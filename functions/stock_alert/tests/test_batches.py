"""What becomes of a batch in which something fails."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from functions.stock_alert.batches import CHANGES_AT_ONCE, BatchFailedError, answer
from functions.stock_alert.decisions import Alert, State
from functions.stock_alert.states import StateChangedError
from functions.stock_alert.tests.memory import World
from functions.stock_alert.tests.stream import THRESHOLDS, alert_id, record, sequence_number


def process(
    world: World, *records: object, time_left: Callable[[], bool] = lambda: True
) -> str | None:
    return world.batches().process(records, time_left=time_left)


def failing_for(sku: str) -> type[World]:
    """Return a world whose topic takes no alert for the SKU."""

    class Failing(World):
        def publish(self, alert: Alert) -> None:
            if alert.sku == sku:
                raise OSError("switched on")
            super().publish(alert)

    return Failing


def bad(number: int) -> dict[str, Any]:
    return record(number=number) | {"eventVersion": "2.0"}


def test_of_several_failures_the_lowest_is_reported() -> None:
    class Closed(World):
        def publish(self, alert: Alert) -> None:
            raise OSError("switched on")

    batch = [record("cup", 50, number=1), record("bolt", 5, number=2), record("apple", 5, number=3)]
    assert sequence_number(2) == process(Closed(), *batch)
    # Also when the SKU of the lowest was seen before another one.
    later = [
        record("bolt", 50, number=4),
        record("apple", 5, number=5),
        record("bolt", 5, number=6),
    ]
    assert sequence_number(4) == process(Closed(), *later)


def test_an_empty_batch_is_done() -> None:
    assert process(World()) is None


def test_a_batch_is_repeated_from_its_lowest_failure_and_other_skus_are_done() -> None:
    world = failing_for("bolt")()
    batch = [record("apple", 5, number=1), record("bolt", 5, number=2), record("cup", 5, number=3)]
    assert sequence_number(2) == process(world, *batch)
    assert [alert_id("apple", 1), alert_id("cup", 3)] == world.ids
    assert [f"failed bolt at {sequence_number(2)}"] == world.reports.told[1:2]


def test_a_sku_whose_alert_failed_is_not_followed_past_it() -> None:
    world = failing_for("bolt")()
    batch = [record("bolt", 5, number=1), record("bolt", 50, number=2), record("bolt", 5, number=3)]
    assert sequence_number(1) == process(world, *batch)
    healed = World()
    healed.states = world.states
    assert process(healed, *batch) is None
    assert [alert_id("bolt", 1), alert_id("bolt", 3)] == [alert.id for alert in healed.published]


def test_a_bad_record_is_kept_and_neither_blocks_nor_fails_the_others() -> None:
    world = World()
    batch = [record("apple", 5, number=1), bad(2), "text", record("cup", 5, number=4)]
    assert process(world, *batch) is None
    assert [bad(2), "text"] == [kept for kept, _ in world.kept]
    assert [alert_id("apple", 1), alert_id("cup", 4)] == world.ids


def test_a_bad_record_that_cannot_be_kept_comes_again() -> None:
    class Full(World):
        def keep(self, record: object, *, reason: str) -> None:
            raise OSError("switched on")

    world = Full()
    batch = [record("apple", 5, number=1), bad(2), record("cup", 5, number=3)]
    assert sequence_number(2) == process(world, *batch)
    assert [alert_id("apple", 1), alert_id("cup", 3)] == world.ids
    with pytest.raises(BatchFailedError, match="record 0"):
        process(world, "text", record("apple", 5, number=4))


def test_a_bad_record_after_a_failure_is_kept_when_it_comes_for_the_last_time() -> None:
    world = failing_for("bolt")()
    batch = [bad(1), record("bolt", 5, number=2), bad(3)]
    assert sequence_number(2) == process(world, *batch)
    assert [bad(1)] == [kept for kept, _ in world.kept]


def test_skus_that_there_is_no_time_for_come_again() -> None:
    world = World()
    answers = iter([True, False])
    batch = [
        record("apple", 5, number=1),
        record("bolt", 5, number=2),
        record("cup", 5, number=3),
        record("apple", 4, number=4),
    ]
    assert sequence_number(3) == process(world, *batch, time_left=lambda: next(answers))
    assert [alert_id("apple", 1), alert_id("bolt", 2)] == world.ids
    assert "out of time: 1" in world.reports.told


def test_many_changes_of_a_sku_are_followed_in_parts_that_a_state_can_hold() -> None:
    world = World()
    levels = [0, 50] * CHANGES_AT_ONCE
    batch = [record("bolt", units, number=n) for n, units in enumerate(levels, start=1)]
    most = 0

    def watch() -> None:
        nonlocal most
        most = max([most, *(len(state.pending) for state in world.states.values())])

    world.fail = watch
    assert process(world, *batch) is None
    assert CHANGES_AT_ONCE == len(world.published)
    assert most <= CHANGES_AT_ONCE


def test_parts_of_a_sku_that_there_is_no_time_for_come_again() -> None:
    world = World()
    batch = [record("bolt", 50, number=n) for n in range(1, CHANGES_AT_ONCE + 3)]
    batch.insert(1, record("cup", 5, number=500))
    lowest = process(world, *batch, time_left=lambda: False)
    assert sequence_number(500) == lowest
    assert CHANGES_AT_ONCE == world.states["bolt"].version
    assert "out of time: 2" in world.reports.told


def test_the_first_sku_is_followed_however_little_time_there_is() -> None:
    world = World()
    batch = [record("apple", 5, number=1), record("bolt", 5, number=2)]
    assert sequence_number(2) == process(world, *batch, time_left=lambda: False)
    assert [alert_id("apple", 1)] == world.ids


class Overtaken(World):
    """Another invocation writes just before this one, at its first or all of its writes."""

    def __init__(self, *, times: int) -> None:
        super().__init__()
        self.times = times

    def write(self, state: State, *, instead_of: State | None) -> None:
        """Be overtaken."""
        if self.times:
            self.times -= 1
            standing = self.states.get(state.sku) or State(sku=state.sku)
            self.states[state.sku] = replace(standing, version=standing.version + 1)
            raise StateChangedError(state.sku)
        super().write(state, instead_of=instead_of)


def test_a_state_that_another_wrote_is_read_again() -> None:
    world = Overtaken(times=1)
    assert process(world, record("apple", 5, number=9)) is None
    assert [alert_id("apple", 9)] == world.ids


def test_a_state_that_others_keep_writing_is_left_for_the_next_time() -> None:
    world = Overtaken(times=100)
    assert sequence_number(200) == process(world, record("apple", 5, number=200))
    assert [] == world.ids


def test_an_alert_that_waits_is_published_by_the_next_record_whatever_it_says() -> None:
    world = failing_for("bolt")()
    process(world, record("bolt", 5, number=1))
    healed = World()
    healed.states = world.states
    assert process(healed, record("bolt", THRESHOLDS.recovered, number=2)) is None
    assert [alert_id("bolt", 1)] == healed.ids


def test_answers_are_those_that_lambda_reads() -> None:
    assert answer(None) == {"batchItemFailures": []}
    assert answer("12") == {"batchItemFailures": [{"itemIdentifier": "12"}]}
