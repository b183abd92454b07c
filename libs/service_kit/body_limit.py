"""Refuse large bodies while they arrive, whether or not their length was declared."""

import asyncio
import contextlib

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from libs.service_kit.problems import BODY_TOO_LARGE, ProblemError, problem_response

_DRAIN_BYTES = 4_000_000
_DRAIN_SECONDS = 2.0


class _BodyTooLargeError(Exception):
    """Raised inside the application's own read of the body, to end it there."""


class BodyLimitMiddleware:
    """Answer 413 to a body above `max_bytes`; the application sees no byte beyond them."""

    def __init__(self, app: ASGIApp, *, max_bytes: int) -> None:
        self._app = app
        self._max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Carry one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        declared = _declared_bytes(scope)
        if declared is None:
            await self._count(scope, receive, send)
        elif declared <= self._max_bytes:
            await self._app(scope, receive, send)  # the server reads no further than declared
        else:
            if "expect" not in Headers(scope=scope):  # a client that asks first has sent no body
                await _drain(receive)
            await self._refuse(scope, receive, send)

    async def _count(self, scope: Scope, receive: Receive, send: Send) -> None:
        received = 0
        exceeded = False
        responding = False

        async def receive_limited() -> Message:
            nonlocal received, exceeded
            message = await receive()
            if message["type"] == "http.request":
                received += len(message.get("body", b""))
                if received > self._max_bytes:
                    exceeded = True
                    if message.get("more_body"):
                        await _drain(receive)
                    raise _BodyTooLargeError
            return message

        async def send_unless_exceeded(message: Message) -> None:
            nonlocal responding
            if exceeded and not responding:
                return  # the framework's answer to the broken read; ours follows
            responding = True
            await send(message)

        with contextlib.suppress(_BodyTooLargeError):
            await self._app(scope, receive_limited, send_unless_exceeded)
        if exceeded and not responding:
            await self._refuse(scope, receive, send)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        error = ProblemError(
            BODY_TOO_LARGE,
            f"a body has at most {self._max_bytes} bytes; split the request",
            headers={"Connection": "close"},
            max_bytes=self._max_bytes,
        )
        await problem_response(error)(scope, receive, send)


def _declared_bytes(scope: Scope) -> int | None:
    """Return how long the body is, or None when only its end will tell."""
    declared = 0
    for name, value in scope["headers"]:
        if name == b"transfer-encoding":
            return None
        if name == b"content-length":
            if not value.isdigit():
                return None
            declared = int(value)
    return declared


async def _drain(receive: Receive) -> None:
    """Read on for a while: closing on unread data resets the connection and loses the answer."""
    left = _DRAIN_BYTES
    try:
        async with asyncio.timeout(_DRAIN_SECONDS):
            while left > 0:
                message = await receive()
                left -= len(message.get("body", b""))
                if not message.get("more_body"):
                    return
    except TimeoutError:
        return
