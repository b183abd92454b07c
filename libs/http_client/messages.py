"""What goes out and what comes back: request heads as bytes, and responses.

A request is written only when it can be read in one way. Whatever could end a line or a field early
(RFC 9112, section 11.1 and 11.2) is refused, and so are the fields that decide where a message
ends: those are this package's own.
"""

import re
from collections.abc import Mapping
from functools import lru_cache

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_OURS = {"host", "content-length", "transfer-encoding", "connection", "expect", "upgrade", "te"}
_WITH_LENGTH = {"POST", "PUT", "PATCH"}
_NO_HEADERS: Mapping[str, str] = {}


class Response:
    """A whole response."""

    __slots__ = ("_fields", "body", "status")

    def __init__(self, status: int, fields: list[tuple[bytes, bytes]], body: bytes) -> None:
        self.status = status
        self.body = body
        self._fields = fields

    @property
    def headers(self) -> dict[str, str]:
        """The fields by lower-case name; the values of a repeated one are joined with commas."""
        headers: dict[str, str] = {}
        for raw, value in self._fields:
            name, text = raw.decode("latin-1").lower(), value.decode("latin-1")
            headers[name] = f"{headers[name]}, {text}" if name in headers else text
        return headers


def render_head(
    method: str, target: str, host: str, headers: Mapping[str, str] | None, length: int
) -> bytes:
    """Return a request up to its body. Raise ValueError for what cannot be sent as it is."""
    _check_method(method)
    if not (target.startswith("/") and target.isprintable() and " " not in target):
        raise ValueError(f"cannot send the path {target!r}: it is no absolute path of visible text")
    lines = [f"{method} {target} HTTP/1.1\r\nHost: {host}\r\n"]
    for name, value in (headers or _NO_HEADERS).items():
        _check_name(name)
        # Also refuses NUL and every other control character; the value may be a secret.
        if not value.isprintable():
            raise ValueError(f"cannot send the header {name}: its value has a control character")
        lines.append(f"{name}: {value}\r\n")
    if length or method in _WITH_LENGTH:
        lines.append(f"Content-Length: {length}\r\n")
    lines.append("\r\n")
    try:
        return "".join(lines).encode("ascii")
    except UnicodeEncodeError:
        # Not chained: the error holds the whole head.
        raise ValueError("cannot send a path or header that is not ASCII") from None


@lru_cache(maxsize=256)
def _check_name(name: str) -> None:
    if not _TOKEN.fullmatch(name):
        raise ValueError(f"cannot send the header name {name!r}: it is no token")
    if name.lower() in _OURS:
        raise ValueError(f"cannot send the header {name}: the client sets it itself")


@lru_cache(maxsize=32)
def _check_method(method: str) -> None:
    if not _TOKEN.fullmatch(method) or method != method.upper() or method == "CONNECT":
        raise ValueError(f"cannot send the method {method!r}")
