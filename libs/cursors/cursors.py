"""Opaque page cursors: where a page ended, as text that a client hands back unchanged.

A cursor is base64url of `{"v": 1, "k": {key attributes}}`. Clients must not read it, and the
version lets the form change. Whatever a client sends is checked before it reaches a data store: the
caller names the attributes that the key must have, all strings.
"""

import base64
import binascii
import json
from collections.abc import Collection, Mapping

_VERSION = 1
MAX_LENGTH = 2_048
"""Longest cursor that is looked at, in characters."""


class BadCursorError(ValueError):
    """The text is not a cursor that this version of the service gave out for this list."""


def encode_cursor(key: Mapping[str, str]) -> str:
    """Return the cursor that stands for `key`, the key of the last item of a page."""
    document = json.dumps({"v": _VERSION, "k": dict(key)}, separators=(",", ":"), sort_keys=True)
    return base64.urlsafe_b64encode(document.encode()).decode().rstrip("=")


def decode_cursor(text: str, *, names: Collection[str]) -> dict[str, str]:
    """Return the key that `encode_cursor` was given.

    Raise BadCursorError unless `text` is exactly what `encode_cursor` makes of a key with the
    attributes `names`.
    """
    if len(text) > MAX_LENGTH:
        raise BadCursorError(f"a cursor has at most {MAX_LENGTH} characters")
    try:
        padded = text.encode("ascii") + b"=" * (-len(text) % 4)
        document = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, RecursionError) as exc:
        raise BadCursorError("the text is not a cursor") from exc
    if not isinstance(document, dict) or document.get("v") != _VERSION:
        raise BadCursorError("the cursor is of another version")
    key = document.get("k")
    if not isinstance(key, dict) or set(key) != set(names):
        raise BadCursorError("the cursor belongs to another list")
    if not all(isinstance(value, str) for value in key.values()) or encode_cursor(key) != text:
        raise BadCursorError("the text is not a cursor")
    return key
