"""Keywords that limit values of one type: is the writer's limit within the reader's?"""

from collections.abc import Callable, Iterator
from typing import Any

from libs.contracts.nodes import Node

type _Within = Callable[[Any, Any], bool]


def refusals(writer: Node, reader: Node) -> Iterator[tuple[str, str, tuple[str, str]]]:
    """Yield the limits of the reader that the writer does not keep to.

    Each is a type, a keyword, and what is written and what is taken in words.
    """
    for kind, keyword, within in _LIMITS:
        taken = reader.schema.get(keyword)
        written = writer.schema.get(keyword)
        # Of a keyword that limits nothing, as `uniqueItems: false`, there is nothing to keep.
        if taken is None or taken is False or (written is not None and within(written, taken)):
            continue
        yield kind, keyword, (_text(keyword, written), _text(keyword, taken))
    yield from _bound(writer, reader, "minimum", "exclusiveMinimum", sign=1)
    yield from _bound(writer, reader, "maximum", "exclusiveMaximum", sign=-1)


def _at_least(written: float, taken: float) -> bool:
    return written >= taken


def _at_most(written: float, taken: float) -> bool:
    return written <= taken


def _same(written: object, taken: object) -> bool:
    return written == taken


def _multiple(written: float, taken: float) -> bool:
    whole = isinstance(written, int) and isinstance(taken, int)
    return written == taken or (whole and written % taken == 0)


_LIMITS: tuple[tuple[str, str, _Within], ...] = (
    ("string", "minLength", _at_least),
    ("string", "maxLength", _at_most),
    ("string", "pattern", _same),
    ("string", "format", _same),
    ("integer", "multipleOf", _multiple),
    ("array", "minItems", _at_least),
    ("array", "maxItems", _at_most),
    ("array", "uniqueItems", _same),
)


def _bound(
    writer: Node, reader: Node, inclusive: str, exclusive: str, *, sign: int
) -> Iterator[tuple[str, str, tuple[str, str]]]:
    taken = _tightest(reader, inclusive, exclusive, sign)
    written = _tightest(writer, inclusive, exclusive, sign)
    if taken is not None and (written is None or written < taken):
        names = (inclusive, exclusive)
        texts = [
            f"no {inclusive}" if limit is None else f"{names[limit[1]]} {sign * limit[0]}"
            for limit in (written, taken)
        ]
        yield "integer", inclusive, (texts[0], texts[1])


def _tightest(node: Node, inclusive: str, exclusive: str, sign: int) -> tuple[float, bool] | None:
    """Return the limit, greater when it is tighter, and whether it is itself excluded."""
    keywords = ((inclusive, False), (exclusive, True))
    found = [
        (sign * node.schema[keyword], excluded)
        for keyword, excluded in keywords
        if keyword in node.schema
    ]
    return max(found, default=None)


def _text(keyword: str, value: object) -> str:
    return f"no {keyword}" if value is None else f"{keyword} {value}"
