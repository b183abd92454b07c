"""The promises that a run of `demo` checks, each with the sentences that tell where it broke."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tools.dev.placing import Outcome, Status
from tools.dev.stock import Level

MOST_FAULTS = 5


@dataclass(frozen=True)
class Invariant:
    """One promise; kept when `faults` is empty."""

    promise: str
    faults: Sequence[str] = ()


def verdict(invariants: Sequence[Invariant]) -> str:
    """Return what is printed of promises: each with the first of its faults."""
    lines = ["invariants"]
    for invariant in invariants:
        lines.append(f"  {'BROKEN' if invariant.faults else 'ok':<6}  {invariant.promise}")
        lines += [f"            {fault}" for fault in invariant.faults[:MOST_FAULTS]]
        if len(invariant.faults) > MOST_FAULTS:
            lines.append(f"            and {len(invariant.faults) - MOST_FAULTS} more")
    return "\n".join(lines)


@dataclass(frozen=True)
class Stock:
    """The stock of a run's SKUs: as it was found, what was added first, and as it was left."""

    before: Mapping[str, Level]
    added: Mapping[str, int]
    after: Mapping[str, Level]

    @property
    def skus(self) -> list[str]:
        """The SKUs that are or were stocked."""
        return sorted({*self.before, *self.added, *self.after})

    def rows(self) -> list[tuple[str, Level, int, Level]]:
        """Return each SKU with its level before, the units added, and its level after."""
        none = Level()
        return [
            (sku, self.before.get(sku, none), self.added.get(sku, 0), self.after.get(sku, none))
            for sku in self.skus
        ]


def stock_invariants(stock: Stock, outcomes: Sequence[Outcome]) -> list[Invariant]:
    """Check stock against the orders; those of others during the run look like faults."""
    reserved = _units(outcomes, "confirmed")
    sold = _units(outcomes, "shipped")
    # Of these nobody here knows whether they hold stock or let it go.
    unknown = _units(outcomes, "pending", "failed")
    negative, total, moves = [], [], []
    for sku, before, added, after in stock.rows():
        if min(after.on_hand, after.reserved, after.sold) < 0:
            negative.append(f"{sku}: {after}")
        if after.total != before.total + added:
            total.append(f"{sku}: {after.total} units, were {before.total} + {added}")
        for what, units, moved in (
            ("reserved", reserved[sku], after.reserved - before.reserved),
            ("sold", sold[sku], after.sold - before.sold),
            (
                "taken from the shelf",
                reserved[sku] + sold[sku],
                before.on_hand + added - after.on_hand,
            ),
        ):
            if not units <= moved <= units + unknown[sku]:
                moves.append(f"{sku}: {moved} units were {what}, orders account for {units}")
    return [
        Invariant("no stock is negative", negative),
        Invariant("before + added = on hand + reserved + sold, for each SKU", total),
        Invariant(
            "reserved units are those of confirmed orders, sold ones those of shipped orders", moves
        ),
    ]


def answer_invariants(outcomes: Sequence[Outcome]) -> list[Invariant]:
    """Check what the orders' clients were told."""
    different, unanswered, pending = [], [], []
    for outcome in outcomes:
        if len(outcome.answers) > 1 and not outcome.repeat_matched:
            said = " and ".join(map(str, outcome.answers))
            different.append(f"key {outcome.key}, sent {outcome.plan.repeat}: {said}")
        problems = list(outcome.unanswered)
        if outcome.status == "failed" and outcome.reason not in problems:
            problems.append(outcome.reason)
        unanswered += [f"key {outcome.key}: {problem}" for problem in problems]
        if outcome.status == "pending":
            pending.append(f"order {outcome.order_id}: {outcome.reason}")
    return [
        Invariant("every request got an answer that the API documents", unanswered),
        Invariant("a repeated request got the same status and body, byte for byte", different),
        Invariant("no order was left PENDING", pending),
    ]


def _units(outcomes: Sequence[Outcome], *statuses: Status) -> Counter[str]:
    """Return the units, by SKU, of the orders in one of these states."""
    units: Counter[str] = Counter()
    for outcome in outcomes:
        if outcome.status in statuses:
            for line in outcome.order["lines"]:
                units[line["sku"]] += line["quantity"]
    return units
