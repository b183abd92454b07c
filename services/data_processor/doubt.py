"""Find the few records that the contract might refuse, without asking it about each.

Whole columns are matched at once. What is not doubted is certain to be taken by `RecordIn`, and to
mean the same; the rest may be right or wrong, and `judge` decides. A property test holds the two
together.
"""

import math
import re
from collections.abc import Iterable, Sequence
from datetime import datetime

MOST = 1e9
"""Largest quantity, as in the contract."""

RECORD_ID = r"[!-~]{1,128}"
# Years whose ends no offset leads beyond the calendar; and no second 60, which is for `judge`.
MOMENT = (
    r"[1-8][0-9]{3}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"
    r"(?:\.[0-9]{1,6})?(?:Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"
)
PATTERNS = {
    "record_id": RECORD_ID,
    "source": r"[a-z0-9][a-z0-9._-]{0,63}",
    "sku": r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}",
    "kind": r"sale|stock",
    "unit": r"[A-Za-z]{1,16}",
    "price": r"[0-9]{1,12}(?:\.[0-9]{1,6})?",
    "currency": r"[A-Z]{3}",
    "occurred_at": MOMENT,
}
"""What a text of each field certainly may be; nothing that matches has a line's end in it."""

_ONE = {name: re.compile(pattern) for name, pattern in PATTERNS.items()}
_LINES = {name: re.compile(rf"(?:(?:{pattern})\n)*+") for name, pattern in PATTERNS.items()}


def doubtful(name: str, values: Sequence[object]) -> list[int]:
    """Return the places of values that might not be texts of the field."""
    try:
        lines = "\n".join(values) + "\n" if values else ""  # type: ignore[arg-type]
    except TypeError:
        pass
    else:
        if lines.count("\n") == len(values) and _LINES[name].fullmatch(lines):
            return []
    return [place for place, value in enumerate(values) if not _certain(name, value)]


def doubtful_repeating(name: str, values: Sequence[object]) -> list[int]:
    """As `doubtful`, of a field that has few values, each many times; None is one of them."""
    try:
        distinct = set(values)
    except TypeError:  # a list or an object, which no set takes
        return [
            place
            for place, value in enumerate(values)
            if value is not None and not _certain(name, value)
        ]
    distinct.discard(None)
    listed = list(distinct)
    bad = {listed[place] for place in doubtful(name, listed)}
    return [place for place, value in enumerate(values) if value in bad] if bad else []


def doubtful_quantities(values: Sequence[object]) -> list[int]:
    """Return the places of values that might not be quantities."""
    if values and set(map(type, values)) <= {int, float}:
        numbers: Sequence[float] = values  # type: ignore[assignment]
        try:
            if math.isfinite(sum(numbers)) and min(numbers) >= -MOST and max(numbers) <= MOST:
                return []
        except OverflowError:  # a whole number beyond any float
            pass
    return [
        place
        for place, value in enumerate(values)
        if type(value) not in (int, float) or not -MOST <= value <= MOST  # type: ignore[operator]
    ]


def moments(texts: Iterable[object]) -> list[datetime] | None:
    """Return texts as moments, or None when one of them is no date of the calendar."""
    try:
        return list(map(datetime.fromisoformat, texts))  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None


def _certain(name: str, value: object) -> bool:
    return type(value) is str and _ONE[name].fullmatch(value) is not None
