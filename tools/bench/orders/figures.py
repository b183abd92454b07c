"""From single orders and rounds to the figures of a variant."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from tools.bench.orders.load import Answers
from tools.bench.orders.processes import Usage


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the smallest value that `percent` of all values do not exceed (nearest rank)."""
    if not values:
        return math.nan
    return sorted(values)[max(1, math.ceil(len(values) * percent / 100)) - 1]


@dataclass(frozen=True, slots=True)
class Round:
    """What one load cost one variant."""

    orders: int
    rate: float
    """Confirmed orders a second."""
    errors: int
    p50_ms: float
    p95_ms: float
    p99_ms: float
    late_p99_ms: float
    """How late the load generator sent 99 % of the orders at most."""
    cpu_ms: Mapping[str, float]
    """CPU time of each service an order, in user and kernel mode, without what it uses idle."""
    rss_mb: Mapping[str, float]
    """Memory of each service after the load."""


@dataclass(frozen=True, slots=True)
class FullRound:
    """What one variant did, and what an order cost it, as fast as it could."""

    orders: int
    rate: float
    """Confirmed orders a second."""
    errors: int
    cpu_ms: Mapping[str, float]
    """CPU time of each service an order, in user and kernel mode."""
    busy_percent: float
    """CPU time of both services, in percent of one CPU; near 100 the services are at their end."""


def cpu_between(before: Mapping[str, Usage], after: Mapping[str, Usage]) -> dict[str, float]:
    """Return the CPU seconds that each service used between two looks."""
    return {name: after[name].cpu_seconds - before[name].cpu_seconds for name in before}


def round_of(
    answers: Answers,
    *,
    busy: Mapping[str, float],
    idle: Mapping[str, float],
    after: Mapping[str, Usage],
) -> Round:
    """Return the figures of a load.

    Args:
        answers: of the load.
        busy: CPU seconds of each service during the load.
        idle: CPU seconds of each service in a time as long, without load.
        after: what the services used at its end.
    """
    latencies = answers.latencies_ms
    orders = len(latencies)
    return Round(
        orders=orders,
        rate=orders / answers.seconds,
        errors=answers.errors,
        p50_ms=percentile(latencies, 50),
        p95_ms=percentile(latencies, 95),
        p99_ms=percentile(latencies, 99),
        late_p99_ms=percentile(answers.lateness_ms, 99),
        cpu_ms={
            name: 1000 * (seconds - idle[name]) / orders if orders else math.nan
            for name, seconds in busy.items()
        },
        rss_mb={name: used.rss_mb for name, used in after.items()},
    )


def middle(rounds: Sequence[Round]) -> Round:
    """Return the median of each figure; errors and orders are summed up."""
    services = rounds[0].cpu_ms
    return Round(
        orders=sum(each.orders for each in rounds),
        rate=median(each.rate for each in rounds),
        errors=sum(each.errors for each in rounds),
        p50_ms=median(each.p50_ms for each in rounds),
        p95_ms=median(each.p95_ms for each in rounds),
        p99_ms=median(each.p99_ms for each in rounds),
        late_p99_ms=median(each.late_p99_ms for each in rounds),
        cpu_ms={name: median(each.cpu_ms[name] for each in rounds) for name in services},
        rss_mb={name: median(each.rss_mb[name] for each in rounds) for name in services},
    )


def full_round_of(answers: Answers, *, busy: Mapping[str, float]) -> FullRound:
    """Return the figures of a load without pauses; `busy` are CPU seconds of each service."""
    orders = len(answers.latencies_ms)
    return FullRound(
        orders=orders,
        rate=orders / answers.seconds,
        errors=answers.errors,
        cpu_ms={
            name: 1000 * seconds / orders if orders else math.nan for name, seconds in busy.items()
        },
        busy_percent=100 * sum(busy.values()) / answers.seconds,
    )


def full_middle(rounds: Sequence[FullRound]) -> FullRound:
    """Return the median of each figure; errors and orders are summed up."""
    return FullRound(
        orders=sum(each.orders for each in rounds),
        rate=median(each.rate for each in rounds),
        errors=sum(each.errors for each in rounds),
        cpu_ms={name: median(each.cpu_ms[name] for each in rounds) for name in rounds[0].cpu_ms},
        busy_percent=median(each.busy_percent for each in rounds),
    )
