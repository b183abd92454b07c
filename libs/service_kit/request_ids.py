"""The id that ties one request's log lines, answers and calls to other services together."""

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

HEADER = "X-Request-ID"
_SANE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_current: ContextVar[str | None] = ContextVar("request_id", default=None)


def current_request_id() -> str | None:
    """Return the id of the request that this task works for, or None outside of one."""
    return _current.get()


@contextmanager
def bound_request_id(offered: str | None) -> Iterator[str]:
    """Work for a request: under the id that the caller offers when it is sane, else a new one."""
    sane = offered is not None and _SANE.fullmatch(offered)
    request_id = offered if offered is not None and sane else secrets.token_hex(16)
    token = _current.set(request_id)
    try:
        yield request_id
    finally:
        _current.reset(token)
