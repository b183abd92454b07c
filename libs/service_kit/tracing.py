"""Traces across services, when OTEL_EXPORTER_OTLP_ENDPOINT is set; else nothing at no cost.

OpenTelemetry's own variables hold (OTEL_SERVICE_NAME, OTEL_TRACES_SAMPLER, OTEL_BSP_...); spans go
out as OTLP over HTTP with protobuf. Its SDK is imported only then: that takes 0.2 s.
"""

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from typing import Protocol

from fastapi.telemetry import TelemetryConfig

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
_UNTRACED = frozenset({"/health", "/ready", "/metrics"})
_NO_SPAN = nullcontext()

type Attribute = str | int | float | bool


class Traces(Protocol):
    """What `spans` gives while a service with an endpoint runs."""

    def client_span(
        self, name: str, attributes: Mapping[str, Attribute]
    ) -> AbstractContextManager[None]:
        """Measure a call."""

    def headers(self) -> dict[str, str]:
        """Return what a call carries."""

    def trace_id(self) -> str | None:
        """Return the id of the present trace."""


_present: Traces | None = None


def wanted() -> bool:
    """Say whether the environment asks for traces."""
    disabled = os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true"
    return not disabled and any(os.environ.get(name) for name in _ENDPOINTS)


def framework_settings() -> TelemetryConfig:
    """Return what FastAPI shall do: the span of each request, except of those for operations."""
    return {
        "tracing": wanted(),
        "operation_spans": False,
        "metrics": False,
        "logs": False,
        "auto_configure": False,
        "exclude": lambda scope: scope["path"] in _UNTRACED,
    }


def client_span(name: str, **attributes: Attribute) -> AbstractContextManager[None]:
    """Measure a call of another service in this context, as part of the present trace.

    `name` is that service; `method`, `path` and `operation` get OpenTelemetry's names for them.
    """
    return _NO_SPAN if _present is None else _present.client_span(name, attributes)


def trace_headers() -> dict[str, str]:
    """Return the headers that make the called service's spans part of this trace (W3C)."""
    return {} if _present is None else _present.headers()


def current_trace_id() -> str | None:
    """Return the id of the trace that this task works for, or None outside of one."""
    return None if _present is None else _present.trace_id()


@asynccontextmanager
async def tracing(service: str) -> AsyncIterator[None]:
    """Send spans while the context lasts, if the environment asks for it, and the rest at its end.

    `service` names them unless OTEL_SERVICE_NAME does.
    """
    global _present
    if not wanted():
        yield
        return
    from libs.service_kit.spans import ExportedTraces

    traces = ExportedTraces(service)
    _present = traces
    try:
        yield
    finally:
        _present = None
        await traces.close()
