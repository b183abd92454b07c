"""End requests that take too long."""

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from libs.service_kit.problems import (
    REQUEST_TOO_SLOW,
    TIMED_OUT,
    ProblemError,
    problem_response,
)


class DeadlineMiddleware:
    """Cancel a request after `seconds`: 408 when its body is still on the way, else 503."""

    def __init__(self, app: ASGIApp, *, seconds: float) -> None:
        self._app = app
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Carry one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        reading = False
        responding = False

        async def receive_watched() -> Message:
            nonlocal reading
            reading = True
            message = await receive()
            reading = bool(message.get("more_body"))
            return message

        async def send_watched(message: Message) -> None:
            nonlocal responding
            responding = True
            await send(message)

        clock = asyncio.timeout(self._seconds)
        try:
            async with clock:
                await self._app(scope, receive_watched, send_watched)
        except TimeoutError:
            if responding or not clock.expired():
                raise
            await problem_response(self._late(reading))(scope, receive, send)

    def _late(self, reading: bool) -> ProblemError:
        if reading:
            return ProblemError(
                REQUEST_TOO_SLOW,
                f"the whole request must arrive within {self._seconds:g} s",
                headers={"Connection": "close"},
            )
        return ProblemError(
            TIMED_OUT,
            f"no answer within {self._seconds:g} s; repeat the request, writes are idempotent",
            headers={"Retry-After": "1"},
        )
