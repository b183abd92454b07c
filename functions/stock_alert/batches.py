"""What is done with a batch of stream records, and which of them are to come again.

A stream's batch is repeated from the lowest failed sequence number on (AWS Lambda developer guide,
"Configuring partial batch response with DynamoDB and Lambda"), so that all that follows a failure
comes twice; changes that are known already alter nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import batched
from typing import Any, Protocol

from functions.stock_alert.decisions import Alert, State, Thresholds, follow
from functions.stock_alert.records import BadRecordError, Change, read_change, sequence_number_of
from functions.stock_alert.states import StateChangedError

CHANGES_AT_ONCE = 200
"""Of a SKU: what it has to publish is part of its state, and an item has at most 400 kB."""
_MOST_READS = 5


class Remembers(Protocol):
    """What keeps states; `states.py` has the one in DynamoDB."""

    def read(self, sku: str) -> State | None:
        """Return the state of a SKU."""

    def write(self, state: State, *, instead_of: State | None) -> None:
        """Write it if `instead_of` still stands. Raise StateChangedError."""


class Publishes(Protocol):
    """What publishes alerts; a repeated one must be dropped by its id sooner or later."""

    def publish(self, alert: Alert) -> None:
        """Return when it is published."""


class Keeps(Protocol):
    """What keeps the records that can never be used."""

    def keep(self, record: object, *, reason: str) -> None:
        """Return when it is kept."""


class Reports(Protocol):
    """What is told of the work: logs and metrics."""

    def published(self, alert: Alert) -> None:
        """An alert is published."""

    def set_aside(self, sequence_number: str | None, reason: str) -> None:
        """A record can never be used, and is kept elsewhere."""

    def failed(self, what: str, sequence_number: str | None) -> None:
        """The work on a SKU or a record failed; called while the error is handled."""

    def out_of_time(self, left: int) -> None:
        """That many SKUs are left for the next invocation."""


class BatchFailedError(Exception):
    """A record failed that has no sequence number to report: the whole batch must come again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batches:
    """Follows the stock of SKUs through batches."""

    thresholds: Thresholds
    states: Remembers
    publisher: Publishes
    dead_letters: Keeps
    reports: Reports

    def process(self, records: Sequence[object], *, time_left: Callable[[], bool]) -> str | None:
        """Return the sequence number that the batch is to be repeated from, None when it is done.

        A failure of one SKU or record leaves the others alone. After the first SKU no further one
        is begun unless there is `time_left`. Raise BatchFailedError when the record to repeat from
        has no sequence number.
        """
        by_sku: dict[str, list[tuple[int, Change]]] = {}
        bad: list[tuple[int, str]] = []
        for position, record in enumerate(records):
            try:
                change = read_change(record)
            except BadRecordError as exc:
                bad.append((position, str(exc)))
            else:
                by_sku.setdefault(change.sku, []).append((position, change))
        failed = self._follow_all(by_sku, time_left)
        for position, reason in bad:
            # What comes after a failure comes again, and would be set aside each time.
            if failed is not None and position > failed:
                break
            if not self._set_aside(records[position], reason):
                failed = position
        return None if failed is None else _sequence_number(records, failed)

    def _follow_all(
        self, by_sku: Mapping[str, Sequence[tuple[int, Change]]], time_left: Callable[[], bool]
    ) -> int | None:
        """Return the lowest position that failed or was not come to.

        A SKU's changes after a failed one are left: none must overtake it.
        """
        failed: list[int] = []
        begun = False
        left = 0
        for sku, changes in by_sku.items():
            for some in batched(changes, CHANGES_AT_ONCE, strict=False):
                if begun and not time_left():
                    left += 1
                elif self._follow(sku, [change for _, change in some]):
                    begun = True
                    continue
                begun = True
                failed.append(some[0][0])
                break
        if left:
            self.reports.out_of_time(left)
        return min(failed, default=None)

    def _follow(self, sku: str, changes: Sequence[Change]) -> bool:
        try:
            state = self._decide(sku, changes)
            for alert in state.pending:
                self.publisher.publish(alert)
                self.reports.published(alert)
            if state.pending:
                self._mark_published(state)
        # Whatever it is, it is this SKU's: reported, repeated, and no reason to fail the others.
        except Exception:
            self.reports.failed(sku, changes[0].sequence_number)
            return False
        return True

    def _decide(self, sku: str, changes: Sequence[Change]) -> State:
        """Write what follows from the changes, alerts to publish included, before any is."""
        for _ in range(_MOST_READS):
            standing = self.states.read(sku)
            state = follow(standing or State(sku=sku), changes, self.thresholds)
            if state == standing:
                return state
            try:
                self.states.write(state, instead_of=standing)
            except StateChangedError:
                continue
            return state
        raise StateChangedError(f"the state of {sku} was written meanwhile, again and again")

    def _mark_published(self, state: State) -> None:
        try:
            self.states.write(state.without_pending(), instead_of=state)
        except StateChangedError:
            # Another invocation decided more since; it publishes these again, with the same ids.
            return

    def _set_aside(self, record: object, reason: str) -> bool:
        try:
            self.dead_letters.keep(record, reason=reason)
        except Exception:
            self.reports.failed("dead letters", sequence_number_of(record))
            return False
        self.reports.set_aside(sequence_number_of(record), reason)
        return True


def _sequence_number(records: Sequence[object], position: int) -> str:
    number = sequence_number_of(records[position])
    if number is None:
        raise BatchFailedError(
            f"record {position} of the batch failed and has no sequence number to repeat it from"
        )
    return number


def answer(lowest_failed: str | None) -> dict[str, Any]:
    """Return the function's answer as ReportBatchItemFailures has it."""
    failures: list[Mapping[str, str]] = []
    if lowest_failed is not None:
        failures.append({"itemIdentifier": lowest_failed})
    return {"batchItemFailures": failures}
