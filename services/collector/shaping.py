"""Turn the rows of any source into records, or say why a row is none."""

import base64
import math
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson

from services.collector.jobs import JsonObject, Record, Reject
from services.collector.sources.base import Row

MOST_COLUMNS = 1_000
LONGEST_BODY_BYTES = 1_000_000
LONGEST_RECORD_ID = 200
DEEPEST = 50
"""Lists and objects within each other."""

_SMALLEST_INTEGER = -(2**63)
_LARGEST_INTEGER = 2**64 - 1
_WRITTEN_OUT_DIGITS = 100
_LONGEST_FIELD_SHOWN = 200


class Shaper:
    """Makes the records of one job.

    Args:
        shape: `record_id`, where the name of a row is; `fields`, the record's fields and where in
            the row each is, or absent for the row's own; `constants`, fields that every record
            has. Where something is, is a field's name, or names with dots between for a field
            within a field.
    """

    def __init__(self, shape: JsonObject) -> None:
        self._record_id: str = shape.get("record_id") or "record_id"
        self._fields: Mapping[str, str] | None = shape.get("fields")
        self._constants: JsonObject = shape.get("constants") or {}

    def shaped(self, row: Row) -> Record | Reject:
        """Return the record of a row, its body with sorted keys; or why there is none.

        Moments with an offset are written as RFC 3339 in UTC, those without one as they are;
        decimals, and integers beyond 64 bits, as text; bytes in base64. A field that the row lacks
        is null.
        """
        try:
            return self._shaped(row.values)
        except _UnfitError as exc:
            field = exc.field if exc.field is None else _without_surrogates(exc.field)
            return Reject(row.position, field and field[:_LONGEST_FIELD_SHOWN], exc.reason)

    def _shaped(self, values: Mapping[str, Any]) -> Record:
        if len(values) > MOST_COLUMNS:
            raise _UnfitError(None, f"has {len(values)} columns; {MOST_COLUMNS} are the most")
        record_id = _record_id(_found(values, self._record_id), self._record_id)
        if self._fields is None:
            taken = dict(values)
        else:
            taken = {name: _found(values, path) for name, path in self._fields.items()}
        taken.update(self._constants)
        plain = {_key(name, name): _plain(value, name, 1) for name, value in taken.items()}
        try:
            body = orjson.dumps(plain, option=orjson.OPT_SORT_KEYS)
        except TypeError:  # of everything else `_plain` has made something that can be written
            raise _UnfitError(_not_unicode(plain), "is not Unicode text") from None
        if len(body) > LONGEST_BODY_BYTES:
            raise _UnfitError(
                None, f"takes {len(body)} bytes as a record; {LONGEST_BODY_BYTES} are the most"
            )
        return Record(record_id, body.decode())


class _UnfitError(Exception):
    """A row is no record, because of `field` or, when that is None, of all of it."""

    def __init__(self, field: str | None, reason: str) -> None:
        super().__init__(reason)
        self.field = field
        self.reason = reason


def _found(values: Mapping[str, Any], path: str) -> Any:
    """Return what is at a path, None when nothing is. A field of the whole name comes first."""
    if path in values:
        return values[path]
    name, dot, rest = path.partition(".")
    while dot:
        within = values.get(name)
        if isinstance(within, Mapping):
            return _found(within, rest)
        more, dot, rest = rest.partition(".")
        name = f"{name}.{more}"
    return None


def _record_id(value: Any, field: str) -> str:
    match value:
        case None:
            raise _UnfitError(field, "is missing; it names the record")
        case bool():
            raise _UnfitError(field, "is a boolean, which names no record")
        case float():
            raise _UnfitError(field, "is a number with a fraction, which names no record")
        case str() | UUID():
            text = str(value)
        case int() | Decimal():
            text = str(_plain(value, field, 1))
        case _:
            raise _UnfitError(field, f"is {_kind(value)}, which names no record")
    if not text.strip():
        raise _UnfitError(field, "is empty; it names the record")
    if len(text) > LONGEST_RECORD_ID:
        raise _UnfitError(
            field, f"has {len(text)} characters; {LONGEST_RECORD_ID} are the most for a name"
        )
    if "\0" in text:
        raise _UnfitError(field, "holds a NUL character")
    if not _is_unicode(text):
        raise _UnfitError(field, "is not Unicode text")
    return text


def _plain(value: Any, field: str, depth: int) -> Any:
    """Return a value as what `orjson` writes without loss."""
    write = _WRITERS.get(type(value))
    if write is not None:
        return write(value, field)
    if value is None or value is True or value is False:
        return value
    if depth > DEEPEST:
        raise _UnfitError(field, f"has more than {DEEPEST} lists and objects within each other")
    if isinstance(value, Mapping):
        return {_key(name, field): _plain(of, field, depth + 1) for name, of in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(of, field, depth + 1) for of in value]
    for known, write in _WRITERS.items():  # a subclass, such as a database driver's own
        if isinstance(value, known):
            return write(value, field)
    raise _UnfitError(field, f"is {_kind(value)}, which JSON cannot say")


def _key(name: Any, field: Any) -> str:
    if not isinstance(name, str):
        raise _UnfitError(str(field), f"has a name that is {_kind(name)} and not text")
    if "\0" in name:
        raise _UnfitError(str(field).replace("\0", ""), "has a NUL character in a name")
    return name


def _text(value: str, field: str) -> str:
    if "\0" in value:
        raise _UnfitError(field, "holds a NUL character")
    return str(value)


def _integer(value: int, _: str) -> int | str:
    return value if _SMALLEST_INTEGER <= value <= _LARGEST_INTEGER else _digits(value)


def _digits(value: int) -> str:
    # Through Decimal: `str` refuses integers of more than 4,300 digits.
    return str(Decimal(value))


def _number(value: float, field: str) -> float:
    if not math.isfinite(value):
        raise _UnfitError(field, "is not a finite number")
    return value


def _decimal(value: Decimal, field: str) -> str:
    if not value.is_finite():
        raise _UnfitError(field, "is not a finite number")
    # Written out, an exponent of a million would be a million digits.
    return format(value, "f") if abs(value.adjusted()) < _WRITTEN_OUT_DIGITS else str(value)


def _moment(value: datetime, field: str) -> str:
    if value.utcoffset() is None:
        return value.replace(tzinfo=None).isoformat()
    try:
        return value.astimezone(UTC).isoformat().removesuffix("+00:00") + "Z"
    except OverflowError:
        raise _UnfitError(field, "is a moment outside the years 1 to 9999 in UTC") from None


def _base64(value: bytes | bytearray | memoryview, _: str) -> str:
    return base64.b64encode(value).decode("ascii")


_WRITERS: dict[type, Callable[[Any, str], Any]] = {
    str: _text,
    int: _integer,
    float: _number,
    Decimal: _decimal,
    datetime: _moment,  # before date, of which it is a subclass
    date: lambda value, _: value.isoformat(),
    time: lambda value, _: value.isoformat(),
    UUID: lambda value, _: str(value),
    bytes: _base64,
    bytearray: _base64,
    memoryview: _base64,
}


def _not_unicode(values: Mapping[str, Any]) -> str | None:
    """Return the first field with lone surrogates in it."""
    for name, value in values.items():
        try:
            orjson.dumps({name: value})
        except TypeError:
            return name
    return None


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _without_surrogates(text: str) -> str:
    return text.encode(errors="replace").decode().replace("\0", "")


def _kind(value: Any) -> str:
    if isinstance(value, Mapping):
        return "an object"
    if isinstance(value, Sequence):
        return "a list"
    return f"a value of type {type(value).__name__}"
