"""What `demo` prints of the second part: what was collected and cleaned, and what to reorder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from tools.dev.invariants import Invariant, verdict
from tools.dev.killing import Kill
from tools.dev.output import table
from tools.dev.reorder.advising import HORIZON_DAYS, LEAD_TIME_DAYS, SERVICE_LEVEL, Advice
from tools.dev.reorder.cleaning import Cleaned
from tools.dev.reorder.collecting import Collected


@dataclass(frozen=True)
class ReorderReport:
    """The facts of one run."""

    collected: Sequence[Collected]
    kill: Kill
    cleaned: Cleaned
    first_day: date
    days: int
    advice: Sequence[Advice]
    invariants: Sequence[Invariant]

    @property
    def is_good(self) -> bool:
        """Whether every promise was kept."""
        return not any(invariant.faults for invariant in self.invariants)

    def text(self) -> str:
        """Return the whole report."""
        return "\n\n".join(
            [self._collected(), self._cleaned(), self._advice(), verdict(self.invariants)]
        )

    def _collected(self) -> str:
        rows = [("source", "type", "records", "refused rows", "seconds")]
        rows += [
            (
                *(one.source, one.collection.source_type, str(len(one.records))),
                *(str(len(one.rejects)), f"{one.seconds:.1f}"),
            )
            for one in self.collected
        ]
        return f"{table(rows, right=[2, 3, 4])}\n{self.kill}"

    def _cleaned(self) -> str:
        units = sum(units for days in self.cleaned.sold.values() for units in days.values())
        return (
            f"cleaned: {self.cleaned.received} records, of which {len(self.cleaned.rejected)} were "
            f"rejected and {self.cleaned.duplicates} known from another source; "
            f"{units:,.0f} units of {len(self.cleaned.sold)} SKUs on {self.days} days "
            f"from {self.first_day}"
        )

    def _advice(self) -> str:
        due = sorted(
            (advice for advice in self.advice if advice.order), key=lambda advice: -advice.order
        )
        rows = [("to reorder", "on hand", "reorder point", "expected a day", "order")]
        rows += [
            (
                *(advice.forecast.sku, str(advice.on_hand), str(advice.forecast.reorder_point)),
                *(f"{advice.forecast.daily:.1f}", str(advice.order)),
            )
            for advice in due
        ]
        return (
            f"{table(rows, right=[1, 2, 3, 4])}\n"
            f"{len(self.advice) - len(due)} other SKUs have enough: the reorder point covers "
            f"{LEAD_TIME_DAYS} days until an order arrives, in {SERVICE_LEVEL:.0%} of cases; an "
            f"order lasts {HORIZON_DAYS} days more"
        )
