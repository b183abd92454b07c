"""End requests that take too long, by the service's own limit or by the caller's, if that is less.

A caller says in `X-Request-Timeout-Ms` how many milliseconds it still waits. A span and not a time
of day, because clocks differ; the time on the way counts for the caller.
"""

import asyncio
import math
import re
from contextvars import ContextVar
from dataclasses import dataclass

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from libs.service_kit.metrics import Metrics
from libs.service_kit.problems import (
    BAD_DEADLINE,
    REQUEST_TOO_SLOW,
    TIMED_OUT,
    ProblemError,
    problem_response,
)

HEADER = "X-Request-Timeout-Ms"
_HEADER_BYTES = HEADER.lower().encode()
_MILLISECONDS = re.compile(rb"-?\d{1,12}")


@dataclass(frozen=True, slots=True)
class _Limit:
    clock: asyncio.Timeout
    latest: float
    """When the caller has gone, by the loop's clock; infinite when it did not say."""


_limit: ContextVar[_Limit | None] = ContextVar("request_limit", default=None)


def remaining_seconds() -> float | None:
    """Return what is left of the present request's time, for calls that it makes.

    None outside of a request; negative when the time is over.
    """
    limit = _limit.get()
    end = limit.clock.when() if limit else None
    return None if end is None else end - asyncio.get_running_loop().time()


def extend_deadline(seconds: float) -> None:
    """Give the present request at least `seconds` from now on: its answer is long by nature.

    The caller's own limit still holds. Outside of a request there is nothing to extend.
    """
    limit = _limit.get()
    end = limit.clock.when() if limit else None
    if limit and end is not None and not limit.clock.expired():
        wanted = asyncio.get_running_loop().time() + seconds
        limit.clock.reschedule(max(end, min(wanted, limit.latest)))


class DeadlineMiddleware:
    """Cancel a request whose time is over: 408 when its body is still on the way, else 503."""

    def __init__(self, app: ASGIApp, *, seconds: float, metrics: Metrics) -> None:
        self._app = app
        self._seconds = seconds
        self._refused = metrics.refused.labels(TIMED_OUT.slug)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Carry one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            offered = _offered_seconds(scope)
        except ProblemError as malformed:
            await problem_response(malformed)(scope, receive, send)
            return
        if offered <= 0:
            self._refused.inc()
            refusal = ProblemError(TIMED_OUT, f"{HEADER} says that the caller waits no longer")
            await problem_response(refusal)(scope, receive, send)
            return
        await self._carry(offered, scope, receive, send)

    async def _carry(self, offered: float, scope: Scope, receive: Receive, send: Send) -> None:
        seconds = min(self._seconds, offered)
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

        now = asyncio.get_running_loop().time()
        clock = asyncio.timeout_at(now + seconds)
        token = _limit.set(_Limit(clock, latest=now + offered))
        try:
            async with clock:
                await self._app(scope, receive_watched, send_watched)
        except TimeoutError:
            if responding or not clock.expired():
                raise
            await problem_response(_late(seconds, reading=reading))(scope, receive, send)
        finally:
            _limit.reset(token)


def _offered_seconds(scope: Scope) -> float:
    """Return how long the caller waits, without end unless it says so.

    Raise ProblemError for nonsense.
    """
    for name, value in scope["headers"]:
        if name == _HEADER_BYTES:
            if not _MILLISECONDS.fullmatch(value):
                shown = value[:40].decode("latin-1")
                raise ProblemError(
                    BAD_DEADLINE, f"{HEADER} is a whole number of milliseconds, not {shown!r}"
                )
            return int(value) / 1000
    return math.inf


def _late(seconds: float, *, reading: bool) -> ProblemError:
    if reading:
        return ProblemError(
            REQUEST_TOO_SLOW,
            f"the whole request must arrive within {seconds:g} s",
            headers={"Connection": "close"},
        )
    return ProblemError(
        TIMED_OUT,
        f"no answer within {seconds:g} s; repeat the request, writes are idempotent",
        headers={"Retry-After": "1"},
    )
