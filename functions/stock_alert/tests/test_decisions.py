"""When stock is told of."""

from __future__ import annotations

import pytest

from functions.stock_alert.decisions import State, follow
from functions.stock_alert.records import Change, read_change
from functions.stock_alert.tests.stream import MOMENT, THRESHOLDS, alert_id, record


def told(*levels: int) -> list[int]:
    """Return at which of the levels, one after the other, the stock is told of."""
    changes = [read_change(record(on_hand=units, number=n)) for n, units in enumerate(levels, 1)]
    state = follow(State(sku="kettle"), changes, THRESHOLDS)
    return [alert.version - 1 for alert in state.pending]


def change(number: int, on_hand: int, *, version: int, kind: str = "MODIFY") -> Change:
    return read_change(record(on_hand=on_hand, number=number, version=version, kind=kind))


@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        ([11], []),
        ([10], [0]),
        ([0], [0]),
        ([50, 11, 10], [2]),
        ([50, 3, 2, 1, 0], [1]),
        ([50, 10, 19, 10], [1]),
        ([50, 10, 20, 11], [1]),
        ([50, 10, 20, 10], [1, 3]),
        ([5, 500, 5, 500, 5], [0, 2, 4]),
    ],
)
def test_low_stock_is_told_once_until_it_has_recovered(
    levels: list[int], expected: list[int]
) -> None:
    assert expected == told(*levels)


def test_an_alert_holds_all_that_is_published() -> None:
    (alert,) = follow(State(sku="kettle"), [change(7, 4, version=3)], THRESHOLDS).pending
    assert alert.id == alert_id("kettle", 7)
    assert (alert.on_hand, alert.threshold, alert.recovered_threshold) == (4, 10, 20)
    assert (alert.version, alert.time) == (3, MOMENT)


def test_an_older_change_alters_nothing() -> None:
    state = follow(State(sku="kettle"), [change(9, 50, version=9)], THRESHOLDS)
    late = [change(8, 2, version=8), change(9, 50, version=9), change(3, 0, version=3)]
    assert state == follow(state, late, THRESHOLDS)


def test_what_was_removed_and_is_made_anew_is_followed_from_its_first_version() -> None:
    low = follow(State(sku="kettle"), [change(7, 2, version=7)], THRESHOLDS)
    removed = follow(low, [change(8, 2, version=7, kind="REMOVE")], THRESHOLDS)
    assert not removed.low
    again = follow(removed, [change(9, 5, version=1, kind="INSERT")], THRESHOLDS)
    assert [alert_id("kettle", 7), alert_id("kettle", 9)] == [a.id for a in again.pending]
    late = [change(7, 2, version=7), change(8, 2, version=7, kind="REMOVE")]
    assert again == follow(again, late, THRESHOLDS)


def test_a_removal_that_comes_before_the_last_change_keeps_it_out() -> None:
    state = follow(State(sku="kettle"), [change(8, 50, version=7, kind="REMOVE")], THRESHOLDS)
    assert state == follow(state, [change(7, 2, version=7)], THRESHOLDS)
