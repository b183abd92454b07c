"""A circuit breaker: do not ask what keeps failing, and try it again now and then.

Closed, calls go through. After `failures` failures in a row it is open and refuses calls for
`reset_seconds`; then it is half-open and lets one call through as a trial, which closes it or opens
it again. (M. Nygard, "Release It!"; M. Fowler, "CircuitBreaker".)
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal

from prometheus_client import CollectorRegistry, Enum

from libs.service_kit.logs import get_logger
from libs.service_kit.metrics import shared_metric

log = get_logger(__name__)

type State = Literal["closed", "open", "half-open"]


class CircuitOpenError(Exception):
    """The call was not made, because those before it failed."""

    def __init__(self, name: str, seconds: float) -> None:
        super().__init__(f"{name} keeps failing; the next trial is in {seconds:.1f} s")
        self.seconds = seconds
        """Until the next trial; 0 while one is under way."""


class Attempt:
    """One call; an exception fails it, and so does its maker for an answer that is as bad."""

    def __init__(self) -> None:
        self.failed = False

    def fail(self) -> None:
        """Count the call as failed."""
        self.failed = True


class CircuitBreaker:
    """Guards the calls of one dependency within one event loop."""

    def __init__(
        self,
        name: str,
        *,
        registry: CollectorRegistry,
        failures: int = 10,
        reset_seconds: float = 2.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._name = name
        self._most_failures = failures
        self._reset_seconds = reset_seconds
        self._clock = clock
        self._failures = 0
        self._open_until: float | None = None
        self._trial: Attempt | None = None
        self._metric = shared_metric(
            registry,
            Enum,
            "circuit_state",
            "Whether calls of the dependency are made",
            ("name",),
            states=["closed", "open", "half-open"],
        ).labels(name)

    @property
    def state(self) -> State:
        """What becomes of a call now: made, refused, or made as a trial."""
        if self._open_until is None:
            return "closed"
        return "open" if self._trial or self._clock() < self._open_until else "half-open"

    @contextmanager
    def attempt(self) -> Iterator[Attempt]:
        """Make a call in this context. Raise CircuitOpenError, before it, when it is refused.

        A call that is cancelled says nothing about the dependency.
        """
        attempt = Attempt()
        if self._open_until is not None:
            if self.state == "open":
                raise CircuitOpenError(self._name, max(0.0, self._open_until - self._clock()))
            self._trial = attempt
            self._metric.state("half-open")
        try:
            yield attempt
        except Exception:
            self._end(attempt, failed=True)
            raise
        except BaseException:
            self._end(attempt, failed=None)
            raise
        self._end(attempt, failed=attempt.failed)

    def _end(self, attempt: Attempt, *, failed: bool | None) -> None:
        is_trial = attempt is self._trial
        if is_trial:
            self._trial = None
        if failed is None:
            return
        if not failed:
            self._close()
        elif is_trial:
            self._open()
        elif self._open_until is None:
            self._failures += 1
            if self._failures >= self._most_failures:
                log.warning("circuit_opened", dependency=self._name, failures=self._failures)
                self._open()

    def _open(self) -> None:
        self._open_until = self._clock() + self._reset_seconds
        self._metric.state("open")

    def _close(self) -> None:
        """End the trouble: a call from before it began proves as much as a trial does."""
        self._failures = 0
        if self._open_until is not None:
            self._open_until = self._trial = None
            self._metric.state("closed")
            log.info("circuit_closed", dependency=self._name)
