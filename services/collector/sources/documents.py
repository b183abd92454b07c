"""JSON that others wrote."""

import json
from typing import Any

import orjson

_SHOWN = 80
_AS_ZERO = bytes.maketrans(b"123456789", b"0" * 9)
_LONG_NUMBER = b"0" * 20


def parse_json(text: bytes) -> Any:
    """Return what a UTF-8 document says, with integers of any size exact.

    NaN and Infinity, which JSON does not have and many writers do, become floats, so that they cost
    the record that has them and not the whole document.

    Raises:
        ValueError: the text is not JSON, or nested deeper than about 1,000 levels.
    """
    text = text.removeprefix(b"\xef\xbb\xbf")
    # orjson would round integers of more than 64 bits.
    if _LONG_NUMBER not in text.translate(_AS_ZERO):
        try:
            return orjson.loads(text)
        except orjson.JSONDecodeError:
            if b"NaN" not in text and b"Infinity" not in text:
                raise
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def at_path(document: Any, path: str) -> Any:
    """Return the value at a dotted path; None when it is not there."""
    for part in path.split(".") if path else ():
        if not isinstance(document, dict):
            return None
        document = document.get(part)
    return document


def why_not_json(error: ValueError) -> str:
    """Return a parser's complaint in one short line."""
    return " ".join(str(error).split())[:_SHOWN]
