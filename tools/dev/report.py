"""What `demo` concludes from the outcomes of its orders and the stock before and after."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tools.dev.output import table
from tools.dev.placing import Outcome
from tools.dev.stock import Level

MOST_ROWS = 30
PERCENTILES = (50, 95, 99)


@dataclass(frozen=True)
class Report:
    """The facts of one run."""

    outcomes: Sequence[Outcome]
    before: Mapping[str, Level]
    after: Mapping[str, Level]
    seconds: float

    def count(self, status: str) -> int:
        """Return how many orders came to a status."""
        return sum(outcome.status == status for outcome in self.outcomes)

    def units(self, *statuses: str) -> Counter[str]:
        """Return the units, by SKU, of the orders that came to one of the statuses."""
        units: Counter[str] = Counter()
        for outcome in self.outcomes:
            if outcome.status in statuses:
                for line in outcome.order["lines"]:
                    units[line["sku"]] += line["quantity"]
        return units

    def broken_invariants(self) -> list[str]:
        """Return a sentence for each promise about stock that was not kept."""
        confirmed = self.units("confirmed")
        # Of these nobody here knows whether they hold stock.
        undecided = self.units("pending", "failed")
        broken = []
        for sku, before in self.before.items():
            after = self.after.get(sku)
            if after is None:
                broken.append(f"{sku}: it was stocked before and is not any more")
                continue
            if min(after.on_hand, after.reserved, after.sold) < 0:
                broken.append(f"{sku}: stock is negative: {after}")
            if after.total != before.total:
                broken.append(
                    f"{sku}: on hand + reserved + sold is {after.total}, was {before.total}"
                )
            taken = before.on_hand - after.on_hand
            if not confirmed[sku] <= taken <= confirmed[sku] + undecided[sku]:
                broken.append(
                    f"{sku}: {taken} units were taken, but confirmed orders have {confirmed[sku]} "
                    "(other orders during the run have the same effect)"
                )
        return broken

    def text(self) -> str:
        """Return the whole report."""
        parts = [self._orders(), self._stock(), self._speed(), self._verdict()]
        return "\n\n".join(parts)

    def _orders(self) -> str:
        rows = [("orders", "count"), ("placed", str(len(self.outcomes)))]
        for status in ("confirmed", "rejected", "pending", "failed"):
            rows.append((status, str(self.count(status))))
            reasons = Counter(o.reason for o in self.outcomes if o.status == status and o.reason)
            rows += [(f"  {reason}", str(n)) for reason, n in reasons.most_common()]
        return table(rows, right=[1])

    def _stock(self) -> str:
        rows: list[Sequence[str]] = [
            ("sku", "on hand before", "after", "reserved before", "after", "sold", "total")
        ]
        shown = sorted(self.before)[:MOST_ROWS]
        for sku in shown:
            before, after = self.before[sku], self.after.get(sku, Level(0, 0, 0))
            numbers = (before.on_hand, after.on_hand, before.reserved, after.reserved)
            rows.append((sku, *map(str, (*numbers, after.sold, after.total))))
        totals = [
            sum(level.on_hand for level in self.before.values()),
            sum(level.on_hand for level in self.after.values()),
            sum(level.reserved for level in self.before.values()),
            sum(level.reserved for level in self.after.values()),
            sum(level.sold for level in self.after.values()),
            sum(level.total for level in self.after.values()),
        ]
        rows.append((f"all {len(self.before)} SKUs", *map(str, totals)))
        return table(rows, right=range(1, 7))

    def _speed(self) -> str:
        times = sorted(outcome.seconds for outcome in self.outcomes)
        latencies = ", ".join(f"p{p} {percentile(times, p) * 1000:.0f} ms" for p in PERCENTILES)
        rate = len(times) / self.seconds if self.seconds else 0
        return f"latency: {latencies}\nthroughput: {rate:.0f} orders/s over {self.seconds:.1f} s"

    def _verdict(self) -> str:
        broken = self.broken_invariants()
        if not broken:
            return (
                f"invariant kept for {len(self.before)} SKUs: "
                "initial = on hand + reserved + sold, and every confirmed unit was taken once"
            )
        return "\n".join(["INVARIANT BROKEN", *(f"  {sentence}" for sentence in broken)])


def percentile(ordered: Sequence[float], percent: int) -> float:
    """Return the value that `percent` of the values do not exceed; 0 of none."""
    if not ordered:
        return 0.0
    return ordered[math.ceil(len(ordered) * percent / 100) - 1]
