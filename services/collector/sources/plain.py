"""Values of databases and Parquet, as rows have them."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from pydantic_core import to_jsonable_python

_KEPT = frozenset({str, int, float, bool, type(None), Decimal, bytes, datetime, date, time})


def plain(value: Any) -> Any:
    """Return a value as `Row.values` may have it; what has no better form becomes its text."""
    if type(value) in _KEPT:
        return value
    if isinstance(value, timedelta):
        return to_jsonable_python(value)
    if isinstance(value, Mapping):
        return {str(key): plain(member) for key, member in value.items()}
    if isinstance(value, Sequence | set | frozenset) and not isinstance(value, str | bytes):
        return [plain(member) for member in value]
    if isinstance(value, bytearray | memoryview):
        return bytes(value)
    return str(value)
