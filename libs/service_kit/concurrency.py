"""Refuse requests beyond what a service can work on at once, instead of queueing them."""

from starlette.types import ASGIApp, Receive, Scope, Send

from libs.service_kit.metrics import Metrics
from libs.service_kit.problems import OVERLOADED, ProblemError, problem_response

_EXEMPT = frozenset({"/health", "/ready", "/metrics"})


class ConcurrencyMiddleware:
    """Answer 503 at once to whatever arrives while `limit` requests are being worked on.

    A queue would only make every caller wait for answers that come after its own time-out.
    """

    def __init__(self, app: ASGIApp, *, limit: int, max_body_bytes: int, metrics: Metrics) -> None:
        self._app = app
        self._limit = limit
        self._max_body_bytes = max_body_bytes
        self._under_way = 0
        self._refused = metrics.refused.labels(OVERLOADED.slug)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Carry one request."""
        if scope["type"] != "http" or scope["path"] in _EXEMPT:
            await self._app(scope, receive, send)
            return
        if self._under_way >= self._limit:
            self._refused.inc()
            await problem_response(self._refusal(scope))(scope, receive, send)
            return
        self._under_way += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._under_way -= 1

    def _refusal(self, scope: Scope) -> ProblemError:
        headers = {"Retry-After": "1"}
        if not _is_short(scope, self._max_body_bytes):
            headers["Connection"] = "close"
        return ProblemError(
            OVERLOADED,
            f"{self._limit} requests are being worked on; repeat the request later",
            headers=headers,
            max_concurrent_requests=self._limit,
        )


def _is_short(scope: Scope, max_body_bytes: int) -> bool:
    """Say whether the server may throw the request's body away and keep the connection.

    Otherwise the connection ends with the answer: the body may never end, or never come.
    """
    for name, value in scope["headers"]:
        if name == b"content-length" and not (value.isdigit() and int(value) <= max_body_bytes):
            return False
        if name in {b"transfer-encoding", b"expect"}:
            return False
    return True
