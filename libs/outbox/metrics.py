"""What the relay counts."""

import time
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Gauge

from libs.outbox.passes import Outcome
from libs.outbox.planning import Plan


class RelayMetrics:
    """The metrics of one outbox; the gauges are 0 in a process that does not relay."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._oldest: float | None = None
        self._published = Counter(
            "outbox_published_total", "Events that the queue accepted", registry=registry
        )
        self._failures = Counter(
            "outbox_publish_failures_total",
            "Events that the queue was sent and did not accept, each time",
            registry=registry,
        )
        self._waiting = Gauge(
            "outbox_waiting",
            "Events seen by the last look at the whole outbox and not published: a lower bound",
            registry=registry,
        )
        lag = Gauge(
            "outbox_lag_seconds", "Age of the oldest of the waiting events", registry=registry
        )
        # Made when it is asked for, so that it also grows when the relay does nothing.
        lag.set_function(lambda: max(0.0, time.time() - self._oldest) if self._oldest else 0.0)

    def count(self, outcome: Outcome) -> None:
        """Count what was sent."""
        self._published.inc(len(outcome.accepted))
        self._failures.inc(outcome.failed)

    def see(self, plan: Plan) -> None:
        """Note what waits."""
        waiting = plan.waiting()
        self._waiting.set(len(waiting))
        # As text they sort by time, so that one of them is read only.
        oldest = min((event.time for event in waiting), default=None)
        self._oldest = datetime.fromisoformat(oldest).timestamp() if oldest else None

    def nothing_held(self) -> None:
        """Forget what waits: it is another process's now."""
        self._waiting.set(0)
        self._oldest = None
