"""What kind of run is wanted, and what it came to."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.tests.faults.checkers import Facts, Violation
from services.tests.faults.fault_proxy import Fault

ORDER_API = "services.order_api.app:app"
ORDER_PROCESSOR = "services.order_processor.app:app"
SKUS = tuple(f"HOT-{number}" for number in range(5))

_CLIENTS = 200
_NEVER = 86_400.0
_UNITS_OF_AN_ORDER = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What kind of run it is."""

    seconds: float
    seed: int
    clients: int = _CLIENTS
    hold_seconds: float = _NEVER
    """How long stock is held for an order that is neither shipped nor cancelled."""
    order_api: str = ORDER_API
    order_processor: str = ORDER_PROCESSOR

    @property
    def least_accepted(self) -> int:
        """A run goes on until so many orders are accepted, on a slow machine beyond `seconds`."""
        return round(7 * self.seconds)

    @property
    def least_asked(self) -> int:
        """It goes on also until so many were asked for: more than there is stock for."""
        return round(12 * self.seconds)

    @property
    def initial_units(self) -> int:
        """Stock of each SKU at first."""
        return round(10 * self.seconds * _UNITS_OF_AN_ORDER / len(SKUS))

    @property
    def holds_end(self) -> bool:
        """Whether held stock returns by itself within the run."""
        return self.hold_seconds < _NEVER


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a run came to."""

    options: Options
    facts: Facts
    violations: Sequence[Violation]
    kills: Mapping[str, int]
    injected: Mapping[str, Mapping[Fault, int]]
    """What was proxied -> faults."""
    retries: int
    seconds_of_faults: float
    seconds_to_quiet: float
    log: Sequence[Mapping[str, Any]]
    """Warnings and errors that the services logged until they were killed, by instance."""

    def count(self, status: str) -> int:
        """Return how many orders end in a state."""
        return sum(order.status == status for order in self.facts.orders.values())

    def __str__(self) -> str:
        def listed(counts: Mapping[Any, int]) -> str:
            return ", ".join(f"{name} {count}" for name, count in sorted(counts.items())) or "none"

        history = self.facts.history
        outcomes = Counter(type(operation.outcome).__name__.lower() for operation in history)
        states = Counter(order.status for order in self.facts.orders.values())
        lines = [
            f"seed {self.options.seed}: {len(history)} operations ({listed(outcomes)}), "
            f"{self.retries} retries, {len(self.facts.deliveries)} events",
            f"orders: {listed(states)}",
            f"{self.seconds_of_faults:.1f} s of faults, quiet {self.seconds_to_quiet:.1f} s later",
            f"kills: {listed(self.kills)}",
            *(f"faults before {name}: {listed(counts)}" for name, counts in self.injected.items()),
        ]
        return "\n".join(lines)
