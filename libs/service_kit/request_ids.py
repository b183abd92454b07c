"""The id that ties one request's log lines, answers and calls to other services together."""

import re
import secrets
from contextvars import ContextVar, Token

HEADER = "X-Request-ID"
_SANE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_current: ContextVar[str | None] = ContextVar("request_id", default=None)


def current_request_id() -> str | None:
    """Return the id of the request that this task works for, or None outside of one."""
    return _current.get()


def accepted_request_id(offered: str | None) -> str:
    """Return the id that the caller offers when it is sane, else a new one."""
    return offered if offered and _SANE.fullmatch(offered) else secrets.token_hex(16)


def bind_request_id(request_id: str) -> Token[str | None]:
    """Work for a request from now on; `unbind_request_id` with what this returns ends it.

    Not a context manager, which would cost every request five times as much.
    """
    return _current.set(request_id)


def unbind_request_id(token: Token[str | None]) -> None:
    """Work for no request any longer."""
    _current.reset(token)
