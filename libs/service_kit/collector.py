"""A collector of traces for tests: it takes what services send and shows it."""

import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span


class Collector:
    """Takes OTLP over HTTP, and answers with `status`."""

    def __init__(self, server: ThreadingHTTPServer, *, status: int = 200) -> None:
        self.url = f"http://127.0.0.1:{server.server_address[1]}"
        self.status = status
        self.exports: list[ExportTraceServiceRequest] = []

    def spans(self) -> dict[str, Span]:
        """Return all spans that came, by name."""
        return {
            span.name: span
            for export in self.exports
            for resource in export.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        }

    def services(self) -> set[str]:
        """Return the names of the services that spans came from."""
        return {
            str(values_of(resource.resource.attributes)["service.name"])
            for export in self.exports
            for resource in export.resource_spans
        }


@contextmanager
def collecting(*, status: int = 200) -> Iterator[Collector]:
    """Run a collector while the context lasts."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers["Content-Encoding"] == "gzip":
                body = gzip.decompress(body)
            place = (self.path, self.headers["Content-Type"])
            if place != ("/v1/traces", "application/x-protobuf"):
                self.send_error(404)
                return
            collector.exports.append(ExportTraceServiceRequest.FromString(body))
            answer = ExportTraceServiceResponse().SerializeToString()
            self.send_response(collector.status)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        collector = Collector(server, status=status)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield collector
        server.shutdown()


def values_of(attributes: Any) -> dict[str, str | int]:
    """Return a message's attributes, whether of a span or of a resource."""
    return {
        pair.key: pair.value.int_value
        if pair.value.HasField("int_value")
        else pair.value.string_value
        for pair in attributes
    }
