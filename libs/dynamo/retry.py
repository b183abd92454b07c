"""Retries with exponential back-off and full jitter.

Full jitter (a random wait between nothing and the exponential bound) spreads clients that failed
together; see "Exponential Backoff And Jitter" in the AWS Architecture Blog.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Backoff:
    """How often to try, and the bounds of the waits in between, in seconds."""

    attempts: int
    base_seconds: float
    cap_seconds: float

    def waits(self) -> Iterator[float]:
        """Yield the wait before each further attempt: `attempts - 1` values."""
        for attempt in range(self.attempts - 1):
            bound = min(self.cap_seconds, self.base_seconds * 2**attempt)
            yield random.uniform(0, bound)  # noqa: S311 - spreads load, keeps no secret
