"""Values of a key as checkpoints have them: JSON that gives the same value back."""

from base64 import b64decode, b64encode
from collections.abc import Callable, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

type _Form = tuple[type, str, Callable[[Any], str], Callable[[str], Any]]

_AS_IS = frozenset({str, int, bool})
# By `isinstance`, since drivers have subclasses of their own; a datetime is a date, too.
_FORMS: tuple[_Form, ...] = (
    # JSON has neither NaN nor infinities, which keys may be.
    (float, "float", repr, float),
    (Decimal, "decimal", str, Decimal),
    (datetime, "datetime", datetime.isoformat, datetime.fromisoformat),
    (date, "date", date.isoformat, date.fromisoformat),
    (time, "time", time.isoformat, time.fromisoformat),
    (UUID, "uuid", str, UUID),
    (bytes, "bytes", lambda value: b64encode(value).decode(), b64decode),
)
_READ = {name: read for _, name, _, read in _FORMS}


def write_key(values: Sequence[Any]) -> list[Any]:
    """Return a key as JSON. Raise TypeError for values of a type that is no key's."""
    return [value if type(value) in _AS_IS else _written(value) for value in values]


def _written(value: Any) -> dict[str, str]:
    for kind, name, write, _ in _FORMS:
        if isinstance(value, kind):
            return {name: write(value)}
    raise TypeError(type(value).__name__)


def read_key(written: Sequence[Any]) -> list[Any]:
    """Return the key that `write_key` wrote. Raise ValueError when it is not that."""
    values: list[Any] = []
    for item in written:
        if isinstance(item, dict):
            try:
                ((name, text),) = item.items()
                values.append(_READ[name](text))
            except (KeyError, TypeError):
                raise ValueError("no key") from None
        else:
            values.append(item)
    return values
