"""When stock is low, and when it is to be told: pure decisions, no calls.

A SKU is *armed* until its units on hand reach LOW_STOCK_THRESHOLD from above: then it is *low*, and
that crossing is told once. It is armed again only at RECOVERED_THRESHOLD, so that stock which moves
around one level is not told of at every step.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from functions.stock_alert.records import Change


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """Units on hand at which stock is low, and at which it has recovered; the second is greater."""

    low: int
    recovered: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One crossing, complete: whenever it is published, it is published the same."""

    id: str
    """Follows from the record of the crossing, so that every attempt finds the same one."""
    sku: str
    on_hand: int
    threshold: int
    recovered_threshold: int
    version: int
    time: str


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What is remembered of a SKU."""

    sku: str
    version: int = 0
    """Of the inventory item, when it was last looked at; older changes are known already."""
    low: bool = False
    removed_at: int = 0
    """Sequence number of the item's last removal: an item made anew counts versions from 1."""
    pending: tuple[Alert, ...] = ()
    """Decided, and not known to be published."""

    def without_pending(self) -> State:
        """Return the state once its alerts are published."""
        return replace(self, pending=())


def follow(state: State, changes: Iterable[Change], thresholds: Thresholds) -> State:
    """Return the state after the changes of one SKU, in the order in which they came.

    Changes that are not newer than the state leave it as it is, however often they come.
    """
    for change in changes:
        if _is_news(state, change):
            state = _apply(state, change, thresholds)
    return state


def _is_news(state: State, change: Change) -> bool:
    if int(change.sequence_number) <= state.removed_at:
        return False
    # A removal counts no version up.
    return change.version > state.version - (change.kind == "REMOVE")


def _apply(state: State, change: Change, thresholds: Thresholds) -> State:
    if change.kind == "REMOVE":
        # What is no longer stocked is not low, and starts afresh when it is stocked again.
        return replace(state, version=0, low=False, removed_at=int(change.sequence_number))
    state = replace(state, version=change.version)
    if state.low:
        return replace(state, low=change.on_hand < thresholds.recovered)
    if change.on_hand > thresholds.low:
        return state
    alert = Alert(
        id=f"{change.sku}.low.{change.sequence_number}",
        sku=change.sku,
        on_hand=change.on_hand,
        threshold=thresholds.low,
        recovered_threshold=thresholds.recovered,
        version=change.version,
        time=change.time,
    )
    return replace(state, low=True, pending=(*state.pending, alert))
