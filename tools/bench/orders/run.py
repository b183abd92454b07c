"""What a run is told to do, and what it finds."""

from dataclasses import dataclass, field

from tools.bench.orders.figures import FullRound, Round
from tools.bench.orders.layers import Stack
from tools.bench.orders.load import Orders

_UNCONTENDED_SKUS = 400
"""Far more than are ordered at once."""
_CONTENDED_SKUS = 5


@dataclass(frozen=True, slots=True)
class Options:
    """What is measured."""

    rate: float = 40
    """Orders a second at the fixed rate; DynamoDB Local takes 60 to 80 on one CPU."""
    clients: int = 16
    """Who place orders at full load, each the next one when the last one is answered."""
    seconds: float = 15
    """Of each round."""
    warm_up: float = 3
    """Seconds of load before each round that count for nothing."""
    rounds: int = 3
    """Of each variant, in each of the two parts."""
    lines: int = 2
    """Of each order."""
    contended: bool = False
    """Whether all orders want the same few SKUs."""
    profile: str | None = None
    """Service of the platform to profile."""

    def orders(self) -> Orders:
        """Return what is ordered."""
        skus = _CONTENDED_SKUS if self.contended else _UNCONTENDED_SKUS
        return Orders([f"sku-{number}" for number in range(skus)], self.lines)


@dataclass(frozen=True, slots=True)
class Profile:
    """Where the CPU time of a service went at full load."""

    service: str
    cpu_ms: float
    """An order's, while sampled."""
    samples: list[tuple[int, Stack]]


@dataclass
class Measured:
    """The outcome of a run: the rounds of its two parts, by variant."""

    fixed_rate: dict[str, list[Round]] = field(default_factory=dict)
    """With DynamoDB Local."""
    full_load: dict[str, list[FullRound]] = field(default_factory=dict)
    """With a database that answers at once."""
    profile: Profile | None = None
    problems: list[str] = field(default_factory=list)
    """Why the figures are worth nothing."""
