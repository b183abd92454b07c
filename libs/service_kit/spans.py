"""OpenTelemetry's spans and their way out; imported only when traces are wanted.

The span of each request is the framework's own. Attributes have the names of OpenTelemetry's
semantic conventions for HTTP and databases.
"""

import asyncio
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

from opentelemetry import propagate, trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind

from libs.service_kit.tracing import Attribute

_FLUSH_SECONDS = 3.0
_NAMES = {
    "method": "http.request.method",
    "path": "url.path",
    "operation": "db.operation.name",
}


class ExportedTraces:
    """Spans of one process, sent by a thread of their own; what cannot be sent is dropped."""

    def __init__(self, service: str) -> None:
        resource = Resource.create()
        if str(resource.attributes[SERVICE_NAME]).startswith("unknown_service"):
            resource = resource.merge(Resource({SERVICE_NAME: service}))
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self._tracer = self._provider.get_tracer(__name__)
        trace.set_tracer_provider(self._provider)

    @contextmanager
    def client_span(self, name: str, attributes: Mapping[str, Attribute]) -> Iterator[None]:
        """Measure a call; what it raises fails it."""
        named = {_NAMES.get(key, key): value for key, value in attributes.items()}
        done = attributes.get("method") or attributes.get("operation")
        title = f"{done} {name}" if done else name
        with self._tracer.start_as_current_span(
            title, kind=SpanKind.CLIENT, attributes={"peer.service": name, **named}
        ):
            yield

    def headers(self) -> dict[str, str]:
        """Return `traceparent`, and what else the propagators of the environment's choice add."""
        headers: dict[str, str] = {}
        propagate.inject(headers)
        return headers

    def trace_id(self) -> str | None:
        """Return the id of the present trace, in hexadecimal."""
        context = trace.get_current_span().get_span_context()
        return trace.format_trace_id(context.trace_id) if context.is_valid else None

    async def close(self) -> None:
        """Send what waits, for a few seconds at most."""
        loop = asyncio.get_running_loop()
        sent = asyncio.Event()

        def send() -> None:
            self._provider.shutdown()
            with suppress(RuntimeError):  # the loop did not wait and is closed
                loop.call_soon_threadsafe(sent.set)

        # A daemon: a collector that hangs must not keep the process from ending.
        threading.Thread(target=send, daemon=True).start()
        with suppress(TimeoutError):
            async with asyncio.timeout(_FLUSH_SECONDS):
                await sent.wait()
