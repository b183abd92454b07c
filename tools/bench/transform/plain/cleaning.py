"""The pipeline in pandas: units, currencies, times and duplicates of a table of records."""

from collections.abc import Sequence
from decimal import ROUND_HALF_EVEN, Decimal

import pandas as pd

from tools.bench.transform.plain.models import (
    CURRENCY,
    PRICE,
    RECORD_ID,
    SKU,
    SOURCE,
    UNIT,
    ConvertCurrency,
    Deduplicate,
    Step,
)

UNITS = {
    "each": ("each", Decimal(1)),
    "dozen": ("each", Decimal(12)),
    "kg": ("kg", Decimal(1)),
    "g": ("kg", Decimal("0.001")),
    "lb": ("kg", Decimal("0.45359237")),
    "l": ("l", Decimal(1)),
    "ml": ("l", Decimal("0.001")),
    "m": ("m", Decimal(1)),
    "cm": ("m", Decimal("0.01")),
}
BASES = {name: base for name, (base, _) in UNITS.items()}
FACTORS = {name: factor for name, (_, factor) in UNITS.items()}
PATTERNS = {
    "record_id": RECORD_ID,
    "source": SOURCE,
    "sku": SKU,
    "unit": UNIT,
    "price": PRICE,
    "currency": CURRENCY,
}
COLUMNS = [
    "record_id",
    "source",
    "sku",
    "kind",
    "quantity",
    "unit",
    "price",
    "currency",
    "occurred_at",
]
MICRO = Decimal("0.000001")


def valid(table: pd.DataFrame) -> "pd.Series[bool]":
    """Say which rows of a file, read as texts, are records."""
    right = table["kind"].isin(["sale", "stock"])
    for name, pattern in PATTERNS.items():
        right &= (
            table[name].str.fullmatch(pattern.strip("^$")).fillna(name in ("price", "currency"))
        )
    right &= table["price"].isna() == table["currency"].isna()
    right &= pd.to_numeric(table["quantity"], errors="coerce").between(-1e9, 1e9)
    right &= table["unit"].str.lower().isin(UNITS)
    moments = pd.to_datetime(table["occurred_at"], format="ISO8601", utc=True, errors="coerce")
    return right & moments.notna()


def clean(table: pd.DataFrame, pipeline: Sequence[Step]) -> pd.DataFrame:
    """Return valid records in base units, one currency and UTC."""
    for step in pipeline:
        if isinstance(step, Deduplicate):
            table = table.drop_duplicates(["source", "record_id"])
    unit = table["unit"].str.lower()
    factor = unit.map(FACTORS)
    price, currency = table["price"], table["currency"]
    multiplier = 1 / factor
    for step in pipeline:
        if isinstance(step, ConvertCurrency):
            rates = {name: Decimal(rate) for name, rate in step.rates.items()}
            rates[step.to] = Decimal(1)
            multiplier = currency.map(rates) / factor
            currency = currency.where(currency.isna(), step.to)
    return table.assign(
        quantity=(table["quantity"].astype(float) * factor.astype(float)).round(6),
        unit=unit.map(BASES),
        price=pd.Series(
            [
                None if pd.isna(one) else in_text(Decimal(one) * times)
                for one, times in zip(price, multiplier, strict=True)
            ],
            index=table.index,
            dtype=object,
        ),
        currency=currency,
        occurred_at=pd.to_datetime(table["occurred_at"], format="ISO8601", utc=True),
    )[COLUMNS]


def in_text(price: Decimal) -> str:
    """Return a price with six decimals at most."""
    return format(price.quantize(MICRO, ROUND_HALF_EVEN).normalize(), "f")
