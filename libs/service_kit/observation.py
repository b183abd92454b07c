"""The outermost middleware: request ids, the request log, metrics and the last catch.

Plain ASGI: Starlette's BaseHTTPMiddleware starts a task and a stream for every request.
"""

import time
from collections.abc import Mapping
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from libs.service_kit.lifecycle import Lifecycle
from libs.service_kit.logs import get_logger
from libs.service_kit.metrics import Metrics
from libs.service_kit.problems import INTERNAL_ERROR, ProblemError, problem_response
from libs.service_kit.request_ids import (
    HEADER,
    accepted_request_id,
    bind_request_id,
    unbind_request_id,
)

log = get_logger(__name__)

UNMATCHED = "unmatched"
"""Route label of every path that no route takes, so that labels stay few."""
_QUIET = frozenset({"/health", "/ready", "/metrics"})
_HEADER_BYTES = HEADER.lower().encode()


class ObservationMiddleware:
    """Give each request an id, time it, count it, log it, and turn a crash into a problem."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics, lifecycle: Lifecycle) -> None:
        self._app = app
        self._metrics = metrics
        self._lifecycle = lifecycle

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Carry one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = accepted_request_id(_offered_id(scope))
        token = bind_request_id(request_id)
        status = 0

        async def send_observed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (_HEADER_BYTES, request_id.encode())]
                if self._lifecycle.draining:
                    # Clients that keep connections open move to another instance before this one
                    # closes.
                    MutableHeaders(scope=message)["Connection"] = "close"
            await send(message)

        started = time.perf_counter()
        self._metrics.in_flight.inc()
        try:
            await self._app(scope, receive, send_observed)
        except Exception:
            log.exception("request_crashed", method=scope["method"], path=scope["path"])
            if status:
                raise  # half an answer is out: only closing the connection tells the client
            crash = ProblemError(
                INTERNAL_ERROR, "the failure is logged under this request's id; try again later"
            )
            await problem_response(crash)(scope, receive, send_observed)
        finally:
            self._metrics.in_flight.dec()
            self._record(scope, status, time.perf_counter() - started)
            unbind_request_id(token)

    def _record(self, scope: Scope, status: int, seconds: float) -> None:
        route = _route_template(scope)
        method = scope["method"]
        self._metrics.observe(method=method, route=route, status=status, seconds=seconds)
        write = log.debug if route in _QUIET else log.info
        write(
            "request",
            method=method,
            path=scope["path"],
            route=route,
            status=status,
            duration_ms=round(seconds * 1000, 3),
        )


def _offered_id(scope: Scope) -> str | None:
    for name, value in scope["headers"]:
        if name == _HEADER_BYTES:
            return str(value.decode("latin-1"))
    return None


def _route_template(scope: Mapping[str, Any]) -> str:
    return getattr(scope.get("route"), "path", UNMATCHED)
