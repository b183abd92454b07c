"""The pipeline in plain Python, for records that came as JSON.

Beside it `columnar` does the same with pandas, for tables; a test holds the two together.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import compress
from operator import itemgetter, mul
from typing import Any

from services.data_processor import doubt
from services.data_processor.aggregates import Grouping, Key, Share
from services.data_processor.cleaned import (
    FIELDS,
    FIRST,
    LAST,
    MOST_MICROS,
    REQUIRED,
    Cleaned,
    Outcome,
)
from services.data_processor.moments import localised
from services.data_processor.plan import Plan, Rules
from services.data_processor.prices import MICROS, in_micros
from services.data_processor.rejects import (
    Reject,
    beyond_calendar,
    judge,
    no_rate,
    price_too_high,
    quantity_too_large,
    unknown_unit,
)

_PRICED = itemgetter(*FIELDS)
_UNPRICED = itemgetter(*REQUIRED)
_TIME = FIELDS.index("occurred_at")

type _Values = tuple[Any, ...]
"""Of one record or of one column of each, in the order of FIELDS."""


def transform(rows: Sequence[object], numbers: Sequence[int], plan: Plan) -> Outcome[Cleaned]:
    """Carry out a plan on records as JSON has them, each with the number of its row."""
    records, rejects = clean(rows, numbers, plan.rules)
    read = len(records.rows)
    if plan.seen is not None:
        records = records.only(plan.seen.firsts(records.keys()))
    if plan.groups is not None:
        plan.groups.add(_shares(records, plan.groups.grouping))
    return Outcome(records, rejects, read - len(records.rows))


def clean(
    rows: Sequence[object], numbers: Sequence[int], rules: Rules
) -> tuple[Cleaned, list[Reject]]:
    """Return the records that are valid, in base units and UTC, and what is wrong with others."""
    if rules.local is not None:
        rows = [_localised(row, rules) for row in rows]
    places, values = _of_known_shape(rows)
    sure, columns = _without_doubt(places, list(zip(*values, strict=True)))
    if len(sure) == len(rows):
        return _converted(numbers, columns, rules)
    records, rejects = _converted([numbers[place] for place in sure], columns, rules)
    others = sorted({*range(len(rows))}.difference(sure))
    judged, further = _judged(
        [rows[place] for place in others], [numbers[p] for p in others], rules
    )
    return records.and_also(judged), sorted(rejects + further, key=itemgetter(0))


def _judged(
    rows: Sequence[object], numbers: Sequence[int], rules: Rules
) -> tuple[Cleaned, list[Reject]]:
    """As `clean`, by the contract's own judgement of each record."""
    rejects: list[Reject] = []
    kept: list[tuple[int, _Values]] = []
    for number, row in zip(numbers, rows, strict=True):
        judged = judge(number, row)
        if isinstance(judged, list):
            rejects += judged
        elif FIRST <= judged.occurred_at <= LAST:
            kept.append((number, tuple(getattr(judged, field) for field in FIELDS)))
        else:
            rejects.append(beyond_calendar(number))
    columns = list(zip(*(row for _, row in kept), strict=True))
    records, further = _converted([number for number, _ in kept], columns, rules)
    return records, rejects + further


def _localised(row: object, rules: Rules) -> object:
    if isinstance(row, Mapping) and rules.local is not None:
        text = row.get("occurred_at")
        if isinstance(text, str):
            return {**row, "occurred_at": localised(text, rules.local)}
    return row


def _of_known_shape(rows: Sequence[object]) -> tuple[Sequence[int], list[_Values]]:
    """Return the values of objects with just the fields of records, and their places."""
    if set(map(type, rows)) == {dict}:
        objects: Sequence[dict[str, Any]] = rows  # type: ignore[assignment]
        try:
            if set(map(len, objects)) == {len(FIELDS)}:
                return range(len(rows)), list(map(_PRICED, objects))
        except KeyError:
            pass
    places: list[int] = []
    values: list[_Values] = []
    for place, row in enumerate(rows):
        if not isinstance(row, dict):
            continue
        try:
            if len(row) == len(FIELDS):
                values.append(_PRICED(row))
            elif len(row) == len(REQUIRED):
                values.append((*_UNPRICED(row), None, None))
            else:
                continue
        except KeyError:
            continue
        places.append(place)
    return places, values


def _without_doubt(
    places: Sequence[int], columns: list[_Values]
) -> tuple[Sequence[int], list[_Values]]:
    """Return the places of records that the contract is certain to take, and their columns.

    Times are read.
    """
    if not columns:
        return places, columns
    doubts: set[int] = set()
    for name, column in zip(FIELDS, columns, strict=True):
        match name:
            case "quantity":
                doubts.update(doubt.doubtful_quantities(column))
            case "record_id" | "occurred_at":
                doubts.update(doubt.doubtful(name, column))
            case _:
                doubts.update(doubt.doubtful_repeating(name, column))
    prices, currencies = columns[-2:]
    if None in prices or None in currencies:
        pairs = enumerate(zip(prices, currencies, strict=True))
        doubts.update(place for place, (price, cur) in pairs if (price is None) != (cur is None))
    if doubts:
        certain = [place not in doubts for place in range(len(places))]
        places, columns = _only(certain, places, columns)
    moments = doubt.moments(columns[_TIME])
    if moments is None:
        certain = [doubt.moments([text]) is not None for text in columns[_TIME]]
        places, columns = _only(certain, places, columns)
        moments = [datetime.fromisoformat(text) for text in columns[_TIME]]
    columns[_TIME] = tuple(moments)
    return places, columns


def _only(
    wanted: Sequence[bool], places: Sequence[int], columns: list[_Values]
) -> tuple[Sequence[int], list[_Values]]:
    return list(compress(places, wanted)), [tuple(compress(each, wanted)) for each in columns]


def _converted(
    numbers: Sequence[int], columns: Sequence[_Values], rules: Rules
) -> tuple[Cleaned, list[Reject]]:
    if not numbers:
        return Cleaned(*((),) * len(Cleaned._fields)), []
    ids, sources, skus, kinds, quantities, names, moments, prices, currencies = columns
    known = {name: rules.units[name.lower()] for name in {*names} if name.lower() in rules.units}
    unrated = {currency for currency in {*currencies} - {None} if not rules.prices.rated(currency)}
    if unrated or known.keys() < {*names}:
        return _converted_without(numbers, columns, rules, {*names} - known.keys(), unrated)
    bases = {name: measure.base for name, measure in known.items()}
    factors = {name: float(measure.factor * MICROS) for name, measure in known.items()}
    micros = list(map(round, map(mul, quantities, [factors[name] for name in names])))
    priced = [rules.prices[asked] for asked in zip(prices, currencies, names, strict=True)]
    units = [bases[name] for name in names]
    utc = [moment.astimezone(UTC) for moment in moments]
    if None not in priced and min(micros) >= -MOST_MICROS and max(micros) <= MOST_MICROS:
        worth, paid_in = zip(*priced, strict=True)
        row_columns = (numbers, ids, sources, skus, kinds, micros, units, utc, worth, paid_in)
        return Cleaned(*row_columns), []
    rejects: list[Reject] = []
    fits: list[bool] = []
    for number, quantity, price in zip(numbers, micros, priced, strict=True):
        wrong = [] if abs(quantity) <= MOST_MICROS else [quantity_too_large(number)]
        wrong += [] if price else [price_too_high(number)]
        rejects += wrong
        fits.append(not wrong)
    worth, paid_in = zip(*(price or (None, None) for price in priced), strict=True)
    row_columns = (numbers, ids, sources, skus, kinds, micros, units, utc, worth, paid_in)
    return Cleaned(*row_columns).only(fits), rejects


def _converted_without(
    numbers: Sequence[int],
    columns: Sequence[_Values],
    rules: Rules,
    unknown: set[str],
    unrated: set[str],
) -> tuple[Cleaned, list[Reject]]:
    """Convert the records whose unit is known and whose currency has a rate."""
    rejects: list[Reject] = []
    kept: list[tuple[int, _Values]] = []
    for number, row in zip(numbers, zip(*columns, strict=True), strict=True):
        wrong = [unknown_unit(number)] if row[5] in unknown else []
        wrong += [no_rate(number)] if row[8] in unrated else []
        rejects += wrong
        if not wrong:
            kept.append((number, row))
    sound = list(zip(*(row for _, row in kept), strict=True))
    records, further = _converted([number for number, _ in kept], sound, rules)
    return records, rejects + further


def _shares(records: Cleaned, by: Grouping) -> Iterator[tuple[Key, Share]]:
    for _, _, source, sku, kind, micros, unit, moment, price, currency in zip(
        *records, strict=True
    ):
        start = by.start(moment)
        key = Key(
            start, source if by.source else None, sku if by.sku else None, kind, unit, currency
        )
        amount = 0 if price is None else micros * in_micros(price)
        yield key, Share(1, micros, micros, micros, amount)
