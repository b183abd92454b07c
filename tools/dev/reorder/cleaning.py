"""Have data_processor clean what was collected and count it by SKU and day."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from tools.dev.client import Client, NoAnswerError
from tools.dev.errors import DevError
from tools.dev.site.sales import ABROAD, EUROS_PER_POUND, HOME

FIELDS = (
    *("record_id", "source", "sku", "kind", "quantity", "unit", "price", "currency"),
    "occurred_at",
)
PIPELINE = [
    # The branch's; the others' have offsets.
    {"operation": "localise_times", "time_zone": ABROAD.key},
    {"operation": "normalise_units"},
    {
        "operation": "convert_currency",
        "to": "EUR",
        "rates": {"EUR": "1", "GBP": str(EUROS_PER_POUND)},
    },
    {"operation": "deduplicate"},
    {
        "operation": "aggregate",
        "by": ["sku"],
        "window": {"size": "day", "time_zone": HOME.key},
    },
]
_MICRO = Decimal("0.000001")

type Json = dict[str, Any]
type Sold = Mapping[str, Mapping[date, Decimal]]
"""Units by SKU and day, to six decimals."""


@dataclass(frozen=True)
class Cleaned:
    """What came of the records."""

    sold: Sold
    received: int
    duplicates: int
    rejected: Sequence[str]
    """The names of the records that could not be cleaned, sorted: each once."""


async def clean(client: Client, records: Sequence[Json]) -> Cleaned:
    """Send records, and return what was sold.

    Raises:
        DevError: data_processor refuses.
    """
    query = {"pipeline": json.dumps(PIPELINE), "output": "ndjson", "answer": "archive"}
    try:
        answer = await client.send(
            f"/v1/transform/file?{urlencode(query)}", as_csv(records), "text/csv"
        )
    except NoAnswerError as error:
        raise DevError(f"data_processor does not answer: {error}") from error
    if answer.status != HTTPStatus.OK:
        raise DevError(f"data_processor answers {answer}: {answer.body.decode()[:1000]}")
    with zipfile.ZipFile(io.BytesIO(answer.body)) as archive:
        groups = _lines(archive.read("records.ndjson"))
        rejects = _lines(archive.read("rejects.ndjson"))
        summary = json.loads(archive.read("summary.json"))
    rows = {reject["row"] for reject in rejects}
    return Cleaned(
        units_sold(groups),
        received=summary["received"],
        duplicates=summary["duplicates"],
        # Rows are counted from 1.
        rejected=sorted(str(records[row - 1]["record_id"]) for row in rows),
    )


def as_csv(records: Iterable[Json]) -> bytes:
    """Return records as a CSV file, what is missing as nothing."""
    text = io.StringIO()
    table = csv.DictWriter(text, FIELDS, restval="")
    table.writeheader()
    table.writerows(records)
    return text.getvalue().encode()


def units_sold(groups: Iterable[Json]) -> Sold:
    """Return the units of all groups of a SKU and day together.

    A SKU that is also sold loose has two: pieces of a kilogram each, and kilograms.
    """
    sold: dict[str, dict[date, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for group in groups:
        day = datetime.fromisoformat(group["window_start"]).astimezone(HOME).date()
        # A sum of six decimals, as the nearest binary number: rounding gives it back.
        sold[group["sku"]][day] += Decimal(group["quantity"]).quantize(_MICRO)
    return {sku: dict(days) for sku, days in sold.items()}


def histories(sold: Sold) -> tuple[date, dict[str, list[float]]]:
    """Return the first day, and by SKU what was sold on each from then on to the last.

    A day without a sale is 0. Raise DevError when nothing was sold.
    """
    days = {day for by_day in sold.values() for day in by_day}
    if not days:
        raise DevError("no sale was collected: there is nothing to forecast from")
    first = min(days)
    whole = [first + timedelta(number) for number in range((max(days) - first).days + 1)]
    return first, {
        sku: [max(0.0, float(by_day.get(day, 0))) for day in whole]
        for sku, by_day in sorted(sold.items())
    }


def _lines(text: bytes) -> list[Json]:
    return [json.loads(line) for line in text.splitlines()]
