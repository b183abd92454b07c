"""Units sold per SKU and week, with whichever pandas the program has: 2 or 3."""

import datetime as dt
from collections.abc import Sequence
from typing import NamedTuple

import pandas as pd

from libs.old_names import RecordIn


class Week(NamedTuple):
    """What was sold of a SKU in a week."""

    sku: str
    monday: dt.date
    """The week's first day, in UTC."""
    units: float


def weekly(records: Sequence[RecordIn]) -> list[Week]:
    """Return the weeks of all sales, by SKU and time."""
    frame = table(records)
    # Offsets differ from record to record.
    moments = pd.to_datetime(frame["occurred_at"], utc=True).dt.tz_localize(None)
    days = moments.dt.floor("D")
    weeks = frame.assign(monday=days - pd.to_timedelta(days.dt.day_of_week, unit="D"))
    sums = weeks[frame["kind"] == "sale"].groupby(["sku", "monday"])["quantity"].sum().reset_index()
    mondays = sums["monday"].dt.date
    return [Week(*row) for row in zip(sums["sku"], mondays, sums["quantity"], strict=True)]


def table(records: Sequence[RecordIn]) -> pd.DataFrame:
    """Return records as they are, in columns of the types that pandas takes them for."""
    columns = ["sku", "kind", "quantity", "occurred_at"]
    rows = [[getattr(record, column) for column in columns] for record in records]
    return pd.DataFrame(rows, columns=columns).astype({"quantity": "float64"})
