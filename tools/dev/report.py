"""What `demo` prints of the orders: what became of them, the stock, and the promises kept."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from tools.dev.invariants import Invariant, Stock, verdict
from tools.dev.killing import Kill
from tools.dev.output import table
from tools.dev.placing import Outcome, Placed

STATUSES = ("confirmed", "shipped", "cancelled", "rejected", "pending", "failed")
MOST_ROWS = 30
PERCENTILES = (50, 95, 99)


@dataclass(frozen=True)
class Report:
    """The facts of one run."""

    placed: Placed
    stock: Stock
    kill: Kill
    invariants: Sequence[Invariant]
    notes: Sequence[str] = field(default=())
    """Further facts, a line each."""

    @property
    def is_good(self) -> bool:
        """Whether every promise was kept."""
        return not any(invariant.faults for invariant in self.invariants)

    def count(self, status: str) -> int:
        """Return how many orders came to a status."""
        return sum(outcome.status == status for outcome in self._outcomes)

    def text(self) -> str:
        """Return the whole report."""
        facts = "\n".join(
            [self._repeats(), self._waits(), str(self.kill), *self.notes, self._speed()]
        )
        return "\n\n".join([self._orders(), facts, self._stock(), verdict(self.invariants)])

    @property
    def _outcomes(self) -> Sequence[Outcome]:
        return self.placed.outcomes

    def _orders(self) -> str:
        rows = [("orders", "count"), ("placed", str(len(self._outcomes)))]
        for status in STATUSES:
            rows.append((status, str(self.count(status))))
            reasons = Counter(o.reason for o in self._outcomes if o.status == status and o.reason)
            rows += [(f"  {reason}", str(n)) for reason, n in reasons.most_common()]
        return table(rows, right=[1])

    def _repeats(self) -> str:
        repeated = [outcome for outcome in self._outcomes if outcome.plan.repeat]
        kinds = Counter(outcome.plan.repeat for outcome in repeated)
        same = sum(outcome.repeat_matched for outcome in repeated)
        again = ", ".join(f"{n} x {why}" for why, n in self.placed.repeated.most_common())
        return (
            f"repeats: {kinds['at once']} sent twice at once and {kinds['after']} again after the "
            f"answer; {same} of {len(repeated)} got the same bytes\n"
            f"asked again for want of an answer: {again or 'never'}"
        )

    def _waits(self) -> str:
        waited = [outcome for outcome in self._outcomes if outcome.was_pending]
        times = sorted(o.settled_seconds for o in waited if o.settled_seconds is not None)
        if not waited:
            return "accepted as PENDING: none"
        return (
            f"accepted as PENDING: {len(waited)}, of which {len(times)} were settled "
            f"({_latencies(times, 's')})"
        )

    def _stock(self) -> str:
        rows: list[Sequence[str]] = [
            (
                *("sku", "on hand before", "added", "on hand", "reserved before", "reserved"),
                *("sold before", "sold", "total"),
            )
        ]
        units = [
            (
                *(before.on_hand, added, after.on_hand, before.reserved, after.reserved),
                *(before.sold, after.sold, after.total),
            )
            for _, before, added, after in self.stock.rows()
        ]
        skus = self.stock.skus
        for sku, numbers in list(zip(skus, units, strict=True))[:MOST_ROWS]:
            rows.append((sku, *map(str, numbers)))
        totals = [sum(numbers[i] for numbers in units) for i in range(len(rows[0]) - 1)]
        rows.append((f"all {len(skus)} SKUs", *map(str, totals)))
        return table(rows, right=range(1, len(rows[0])))

    def _speed(self) -> str:
        times = sorted(outcome.seconds for outcome in self._outcomes)
        seconds = self.placed.seconds
        rate = len(times) / seconds if seconds else 0
        return (
            f"latency: {_latencies(times, 'ms')}\n"
            f"throughput: {rate:.0f} orders/s over {seconds:.1f} s"
        )


def percentile(ordered: Sequence[float], percent: int) -> float:
    """Return the value that `percent` of the values do not exceed; 0 of none."""
    if not ordered:
        return 0.0
    return ordered[math.ceil(len(ordered) * percent / 100) - 1]


def _latencies(ordered: Sequence[float], unit: str) -> str:
    return ", ".join(
        f"p{p} {percentile(ordered, p):.1f} s"
        if unit == "s"
        else f"p{p} {percentile(ordered, p) * 1000:.0f} ms"
        for p in PERCENTILES
    )
