"""The pipeline with pandas, for records that came as a table: a CSV or Parquet file.

Beside it `plain` does the same in plain Python, and does the few rows here that need a judge; a
test holds the two together.
"""

import re
from collections.abc import Iterator
from operator import itemgetter
from typing import Any

import numpy as np
import pandas as pd

from services.data_processor import plain
from services.data_processor.aggregates import Grouping, Key, Share
from services.data_processor.cleaned import FIELDS, MOST_MICROS, Cleaned, Outcome
from services.data_processor.doubt import MOST, PATTERNS
from services.data_processor.moments import localised
from services.data_processor.plan import Plan, Rules
from services.data_processor.prices import MICROS, in_micros
from services.data_processor.rejects import (
    Reject,
    no_rate,
    price_too_high,
    quantity_too_large,
    unknown_unit,
)

_NUMBER = re.compile(r"[ ]*[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,4})?[ ]*", re.ASCII)
_NOT_FINITE = re.compile(r"[ ]*[+-]?(nan|inf|infinity)[ ]*", re.IGNORECASE)
_LOW_HALF = 2**20
_TEXTS = [name for name in FIELDS if name != "quantity"]
_WHOLE_MINUTES = pd.Timestamp("1973-01-01", tz="UTC")


def transform(table: pd.DataFrame, plan: Plan) -> Outcome[pd.DataFrame]:
    """Carry out a plan on a table with a column for each field and `row`, the number of each row.

    Texts are `str`, what is missing is null; quantities are floats or texts.
    """
    records, rejects = _clean(table, plan.rules)
    read = len(records)
    if plan.seen is not None:
        keys = records["source"] + "\n" + records["record_id"]
        records = records[np.array(plan.seen.firsts(keys.tolist()), dtype=bool)]
    if plan.groups is not None:
        plan.groups.add(_shares(records, plan.groups.grouping))
    return Outcome(records, rejects, read - len(records))


def as_frame(records: Cleaned) -> pd.DataFrame:
    """Return records as a table."""
    times = pd.Series(records.occurred_at, dtype="datetime64[us, UTC]")
    columns = records._asdict() | {"micros": np.array(records.micros, dtype=np.int64)}
    frame = pd.DataFrame({"row": columns.pop("rows"), **columns}).astype({"row": np.int64})
    texts = [name for name in frame.columns if name not in ("row", "micros", "occurred_at")]
    return frame.astype(dict.fromkeys(texts, "str")).assign(occurred_at=times)


def _clean(table: pd.DataFrame, rules: Rules) -> tuple[pd.DataFrame, list[Reject]]:
    if rules.local is not None:
        local = rules.local
        distinct = table["occurred_at"].dropna().unique()
        table = table.assign(
            occurred_at=table["occurred_at"].map(
                {text: localised(text, local) for text in distinct}
            )
        ).astype({"occurred_at": "str"})
    quantities = _numbers(table["quantity"])
    moments = pd.to_datetime(
        table["occurred_at"].where(_matches(table, "occurred_at")),
        format="ISO8601",
        utc=True,
        errors="coerce",
    ).dt.as_unit("us")
    certain = moments.notna() & quantities.between(-MOST, MOST)
    for name in _TEXTS:
        if name == "occurred_at":
            continue
        fits = _matches(table, name)
        if name in ("price", "currency"):
            fits |= table[name].isna()
        certain &= fits
    certain &= table["price"].isna() == table["currency"].isna()
    sound = table.loc[certain, ["row", "record_id", "source", "sku", "kind"]].assign(
        quantity=quantities[certain],
        name=table.loc[certain, "unit"],
        occurred_at=moments[certain],
        price=table.loc[certain, "price"],
        currency=table.loc[certain, "currency"],
    )
    records, rejects = _converted(sound, rules)
    if not certain.all():
        judged, others = _judged(table[~certain], rules)
        if len(judged):
            records = pd.concat([records, judged]).sort_values("row", kind="stable")
        rejects = sorted(rejects + others, key=itemgetter(0))
    return records, rejects


def _matches(table: pd.DataFrame, name: str) -> "pd.Series[bool]":
    # Few texts are distinct in most columns, and matching costs more than finding those.
    codes, distinct = pd.factorize(table[name])
    fits = np.append(
        pd.Series(distinct, dtype="str").str.fullmatch(PATTERNS[name]).to_numpy(bool), False
    )
    return pd.Series(fits[codes], index=table.index)


def _numbers(quantities: "pd.Series[Any]") -> "pd.Series[float]":
    """Return quantities as floats, NaN where a text is none that is certain."""
    if pd.api.types.is_float_dtype(quantities.dtype):
        return quantities
    certain = quantities.str.fullmatch(r"-?[0-9]{1,15}(\.[0-9]{1,15})?", na=False)
    return quantities.where(certain).astype("float64")


def _judged(table: pd.DataFrame, rules: Rules) -> tuple[pd.DataFrame, list[Reject]]:
    rows = [
        {
            name: _number(value) if name == "quantity" else value
            for name, value in zip(FIELDS, values, strict=True)
            if not (pd.isna(value) and not (name == "quantity" and isinstance(value, float)))
        }
        for values in table[list(FIELDS)].itertuples(index=False, name=None)
    ]
    records, rejects = plain.clean(rows, table["row"].tolist(), rules)
    return as_frame(records), rejects


def _number(value: object) -> object:
    """Return the number that a text says, or the text, for the judge to refuse."""
    if isinstance(value, str) and (_NUMBER.fullmatch(value) or _NOT_FINITE.fullmatch(value)):
        return float(value)
    return value


def _converted(sound: pd.DataFrame, rules: Rules) -> tuple[pd.DataFrame, list[Reject]]:
    """Return the records in base units and the wanted currency."""
    codes, names = pd.factorize(sound["name"])
    known = [rules.units.get(name.lower()) for name in names]
    factors = np.array([float(unit.factor * MICROS) if unit else np.nan for unit in known])
    bases = np.array([unit.base if unit else "" for unit in known], dtype=object)
    micros = np.rint(sound["quantity"].to_numpy(float) * factors[codes])
    unknown = np.isnan(micros)
    money, currencies = pd.factorize(sound["currency"])
    rated = np.array([rules.prices.rated(currency) for currency in currencies] + [True], dtype=bool)
    unrated = ~rated[money]
    too_large = np.abs(micros) > MOST_MICROS
    able = ~unknown & ~unrated
    prices, paid_in, too_high = _prices(sound, able, rules)
    wrong = unknown | unrated | too_large | too_high
    rejects: list[Reject] = []
    if wrong.any():
        numbers = sound["row"].to_numpy()
        for place in np.flatnonzero(wrong):
            row = int(numbers[place])
            rejects += [unknown_unit(row)] * bool(unknown[place])
            rejects += [no_rate(row)] * bool(unrated[place])
            if able[place]:
                rejects += [quantity_too_large(row)] * bool(too_large[place])
                rejects += [price_too_high(row)] * bool(too_high[place])
    right = ~wrong
    records = sound[["row", "record_id", "source", "sku", "kind"]][right].assign(
        micros=micros[right].astype(np.int64),
        unit=pd.array(bases[codes][right], dtype="str"),
        occurred_at=sound["occurred_at"][right],
        price=pd.array(prices[right], dtype="str"),
        currency=pd.array(paid_in[right], dtype="str"),
    )
    return records, rejects


def _prices(
    sound: pd.DataFrame, able: np.ndarray[Any, np.dtype[np.bool_]], rules: Rules
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any], np.ndarray[Any, np.dtype[np.bool_]]]:
    """Return prices, their currencies, and which are too high; each combination is asked once."""
    priced = sound["price"].notna().to_numpy(bool) & able
    prices = np.full(len(sound), None, dtype=object)
    currencies = np.full(len(sound), None, dtype=object)
    too_high = np.zeros(len(sound), dtype=bool)
    asked = sound.loc[priced, ["price", "currency", "name"]]
    if len(asked):
        codes = asked.groupby(list(asked.columns), sort=False).ngroup().to_numpy()
        distinct = asked.drop_duplicates().itertuples(index=False, name=None)
        answers = [rules.prices[one] for one in distinct]
        worth = [answer or (None, None) for answer in answers]
        prices[priced] = np.array([price for price, _ in worth], dtype=object)[codes]
        currencies[priced] = np.array([currency for _, currency in worth], dtype=object)[codes]
        too_high[priced] = np.array([answer is None for answer in answers], dtype=bool)[codes]
    return prices, currencies, too_high


def _shares(records: pd.DataFrame, by: Grouping) -> Iterator[tuple[Key, Share]]:
    """Sum up the records of each group in this table."""
    if not len(records):
        return
    keys = records[["kind", "unit", "currency"]].assign(
        window_start=_starts(records["occurred_at"], by),
        source=records["source"] if by.source else "",
        sku=records["sku"] if by.sku else "",
    )[list(Key._fields)]
    codes = keys.groupby(list(Key._fields), dropna=False, sort=False).ngroup().to_numpy()
    micros = records["micros"]
    # Halves, because sums of large quantities do not fit 64 bits.
    halves = pd.DataFrame({"high": micros // _LOW_HALF, "low": micros % _LOW_HALF, "all": micros})
    sums = halves.groupby(codes).agg(
        records=("all", "size"),
        high=("high", "sum"),
        low=("low", "sum"),
        least=("all", "min"),
        most=("all", "max"),
    )
    amounts = _amounts(records, codes, len(sums))
    head: Any
    total: Any
    heads = keys.drop_duplicates().itertuples(index=False)
    for head, total, amount in zip(heads, sums.itertuples(index=False), amounts, strict=True):
        key = Key(
            None if pd.isna(head.window_start) else head.window_start.to_pydatetime(),
            head.source if by.source else None,
            head.sku if by.sku else None,
            head.kind,
            head.unit,
            None if pd.isna(head.currency) else head.currency,
        )
        quantity = int(total.high) * _LOW_HALF + int(total.low)
        yield key, Share(int(total.records), quantity, int(total.least), int(total.most), amount)


def _amounts(records: pd.DataFrame, groups: np.ndarray[Any, Any], count: int) -> list[int]:
    """Return the sum of price times quantity of each group, which only Python's integers hold."""
    amounts = [0] * count
    priced = records["price"].notna().to_numpy(bool)
    codes, distinct = pd.factorize(records["price"][priced])
    worth = [in_micros(price) for price in distinct]
    quantities = records["micros"][priced].tolist()
    for group, code, micros in zip(
        groups[priced].tolist(), codes.tolist(), quantities, strict=True
    ):
        amounts[group] += worth[code] * micros
    return amounts


def _starts(moments: "pd.Series[pd.Timestamp]", by: Grouping) -> "pd.Series[pd.Timestamp]":
    """Return the start of each moment's window."""
    # Moments of one minute share a window, since no zone is off by seconds any more.
    minutes = moments.dt.floor("min").where(moments >= _WHOLE_MINUTES, moments)
    codes, distinct = pd.factorize(minutes)
    starts = [by.start(moment.to_pydatetime()) for moment in distinct]
    column = pd.Series(starts, dtype="datetime64[us, UTC]").take(codes)
    return column.set_axis(moments.index)
