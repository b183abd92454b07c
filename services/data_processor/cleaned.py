"""Records that were cleaned, by column; the same from `plain` as from `columnar`."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import compress
from typing import Any, NamedTuple

from services.data_processor.prices import MICROS
from services.data_processor.rejects import Reject

MOST_MICROS = 10**15
"""Largest quantity of `RecordOut`, in millionths."""
FIRST = datetime(2, 1, 1, tzinfo=UTC)
LAST = datetime(9998, 12, 31, tzinfo=UTC)
"""Between them every moment has a date in every zone."""

REQUIRED = ("record_id", "source", "sku", "kind", "quantity", "unit", "occurred_at")
FIELDS = (*REQUIRED, "price", "currency")


class Cleaned(NamedTuple):
    """Columns of equal length."""

    rows: Sequence[int]
    record_id: Sequence[str]
    source: Sequence[str]
    sku: Sequence[str]
    kind: Sequence[str]
    micros: Sequence[int]
    """Quantities in millionths of base units."""
    unit: Sequence[str]
    occurred_at: Sequence[datetime]
    """In UTC."""
    price: Sequence[str | None]
    currency: Sequence[str | None]

    def only(self, wanted: Sequence[bool]) -> "Cleaned":
        """Return the records that are wanted."""
        if all(wanted):
            return self
        columns: Iterable[Any] = (list(compress(column, wanted)) for column in self)
        return Cleaned(*columns)

    def and_also(self, others: "Cleaned") -> "Cleaned":
        """Return these records and others, by row."""
        if not others.rows:
            return self
        rows = [*self.rows, *others.rows]
        order = sorted(range(len(rows)), key=rows.__getitem__)
        columns = ([*ours, *theirs] for ours, theirs in zip(self, others, strict=True))
        sorted_columns: Iterable[Any] = ([column[place] for place in order] for column in columns)
        return Cleaned(*sorted_columns)

    def keys(self) -> list[str]:
        """Return what tells records apart: no source has a line's end in it."""
        return [
            f"{source}\n{name}" for source, name in zip(self.source, self.record_id, strict=True)
        ]

    def documents(self) -> list[dict[str, Any]]:
        """Return records as `RecordOut` has them."""
        return [
            {
                "record_id": record_id,
                "source": source,
                "sku": sku,
                "kind": kind,
                "quantity": micros / MICROS,
                "unit": unit,
                "price": price,
                "currency": currency,
                "occurred_at": occurred_at,
            }
            for (
                _,
                record_id,
                source,
                sku,
                kind,
                micros,
                unit,
                occurred_at,
                price,
                currency,
            ) in zip(*self, strict=True)
        ]


class Outcome[Records](NamedTuple):
    """What came of a chunk of records."""

    records: Records
    rejects: list[Reject]
    """By row."""
    duplicates: int
