"""In place of the tables and the topic: the same contracts in memory, failing where a test says."""

from __future__ import annotations

from collections.abc import Callable

from functions.stock_alert.batches import Batches
from functions.stock_alert.decisions import Alert, State
from functions.stock_alert.states import StateChangedError
from functions.stock_alert.tests.stream import THRESHOLDS


class CrashError(BaseException):
    """The process ends here: no handler of errors sees it."""


class World:
    """What outlives an invocation.

    `fail` is called before and after each effect: what it raises happens there.
    """

    def __init__(self, fail: Callable[[], None] = lambda: None) -> None:
        self.states: dict[str, State] = {}
        self.published: list[Alert] = []
        """All that the topic got, repeated ones included."""
        self.kept: list[tuple[object, str]] = []
        self.reports = Reports()
        self.fail = fail

    def batches(self) -> Batches:
        """Return the function's work on this world."""
        return Batches(
            thresholds=THRESHOLDS,
            states=self,
            publisher=self,
            dead_letters=self,
            reports=self.reports,
        )

    @property
    def ids(self) -> list[str]:
        """The published ids without repeats: what a subscriber makes of them."""
        return list(dict.fromkeys(alert.id for alert in self.published))

    def read(self, sku: str) -> State | None:
        """Return the state."""
        self.fail()
        return self.states.get(sku)

    def write(self, state: State, *, instead_of: State | None) -> None:
        """Write the state on the condition that the table has."""
        self.fail()
        standing = self.states.get(state.sku)
        if _mark(standing) != _mark(instead_of):
            raise StateChangedError(state.sku)
        self.states[state.sku] = state
        self.fail()

    def publish(self, alert: Alert) -> None:
        """Publish."""
        self.fail()
        self.published.append(alert)
        self.fail()

    def keep(self, record: object, *, reason: str) -> None:
        """Keep."""
        self.fail()
        self.kept.append((record, reason))
        self.fail()


class Reports:
    """Notes what it is told of."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def published(self, alert: Alert) -> None:
        """Note an alert."""
        self.told.append(f"published {alert.id}")

    def set_aside(self, sequence_number: str | None, reason: str) -> None:
        """Note a record set aside."""
        self.told.append(f"set aside {sequence_number}: {reason}")

    def failed(self, what: str, sequence_number: str | None) -> None:
        """Note a failure."""
        self.told.append(f"failed {what} at {sequence_number}")

    def out_of_time(self, left: int) -> None:
        """Note what is left."""
        self.told.append(f"out of time: {left}")


def _mark(state: State | None) -> tuple[int, int] | None:
    return (state.version, state.removed_at) if state else None
