"""From sales to what models learn from: features of days, and the units that were sold on them."""

import csv
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt

from services.model_service.features import (
    MIN_HISTORY_DAYS,
    Days,
    Features,
    features_ahead,
)


@dataclass(frozen=True, slots=True)
class History:
    """Daily units of one SKU, and which days had a promotion."""

    sku: str
    units: Days
    promoted: npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Table:
    """The sales of all SKUs over the same days."""

    first_day: date
    histories: tuple[History, ...]
    sha256: str
    """Of both files, one after the other."""

    @property
    def days(self) -> int:
        """How many days there are."""
        return len(self.histories[0].units)

    def day(self, number: int) -> date:
        """Return the date of a day by its number."""
        return self.first_day + timedelta(number)


@dataclass(frozen=True, slots=True)
class Examples:
    """Rows of features with the units sold, and where they come from."""

    features: Features
    units: Days
    sku: npt.NDArray[np.int64]
    origin: npt.NDArray[np.int64]
    """Number of the first day that was not known."""

    def __len__(self) -> int:
        return len(self.units)


def read_table(sales: Path, promotions: Path) -> Table:
    """Read what `sales.write` wrote."""
    with sales.open(newline="") as file:
        header, *rows = csv.reader(file)
    first_day = date.fromisoformat(rows[0][0])
    columns = np.array([row[1:] for row in rows], dtype=np.float64).T
    promoted = {sku: np.zeros(len(rows), dtype=np.bool_) for sku in header[1:]}
    with promotions.open(newline="") as file:
        for row in csv.DictReader(file):
            start = (date.fromisoformat(row["first_day"]) - first_day).days
            promoted[row["sku"]][start : start + int(row["days"])] = True
    histories = tuple(
        History(sku, units, promoted[sku]) for sku, units in zip(header[1:], columns, strict=True)
    )
    digest = hashlib.sha256(sales.read_bytes() + promotions.read_bytes()).hexdigest()
    return Table(first_day, histories, digest)


def examples(table: Table, origins: Iterable[int], *, until: int, horizon: int) -> Examples:
    """Return an example for each SKU, origin and day from it on, up to `horizon` days.

    Args:
        table: The sales.
        origins: Numbers of days; what is before such a day is known.
        until: Number of the day before which the examples end.
        horizon: Days ahead at most.
    """
    features, units, skus, starts = [], [], [], []
    for origin in origins:
        if origin < MIN_HISTORY_DAYS:
            raise ValueError(f"origin {origin} has less than {MIN_HISTORY_DAYS} days before it")
        end = min(origin + horizon, until)
        for number, history in enumerate(table.histories):
            rows = features_ahead(
                history.units[:origin],
                history.promoted[:origin],
                next_day=table.day(origin),
                planned=history.promoted[origin:end],
            )
            features.append(rows)
            units.append(history.units[origin:end])
            skus.append(np.full(len(rows), number))
            starts.append(np.full(len(rows), origin))
    return Examples(
        np.concatenate(features),
        np.concatenate(units),
        np.concatenate(skus),
        np.concatenate(starts),
    )
