"""Traces as a collector gets them, from services that run as processes."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from libs.service_kit import client_span, trace_headers
from libs.service_kit.collector import collecting, values_of
from libs.service_kit.testing import running

APP = "libs.service_kit.tests.sample_app:app"
TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = f"00-{TRACE}-b7ad6b7169203331-01"


def test_a_request_is_a_span_within_its_callers_trace() -> None:
    with collecting() as collector:
        with running(APP, OTEL_EXPORTER_OTLP_ENDPOINT=collector.url) as service:
            answer = httpx.get(f"{service.url}/calls", headers={"traceparent": PARENT}).json()
            assert service.stop() == (0, "")
        spans = collector.spans()
    server, call = spans["GET /calls"], spans["GET neighbour"]
    assert (server.kind, call.kind) == (Span.SPAN_KIND_SERVER, Span.SPAN_KIND_CLIENT)
    assert {server.trace_id.hex(), call.trace_id.hex()} == {TRACE}
    assert PARENT.split("-")[2] == server.parent_span_id.hex()
    assert server.span_id == call.parent_span_id
    assert f"00-{TRACE}-{call.span_id.hex()}-01" == answer["traceparent"]
    assert values_of(server.attributes).items() >= {
        ("http.request.method", "GET"),
        ("http.response.status_code", 200),
        ("http.route", "/calls"),
        ("url.path", "/calls"),
    }
    assert values_of(call.attributes) == {
        "http.request.method": "GET",
        "peer.service": "neighbour",
        "url.path": "/deep",
    }
    assert {"sample"} == collector.services()
    (line,) = [line for line in service.lines if line["event"] == "request"]
    assert TRACE == line["trace_id"]


def test_only_failures_of_the_service_are_errors() -> None:
    with collecting() as collector:
        with running(
            APP, OTEL_EXPORTER_OTLP_ENDPOINT=collector.url, OTEL_SERVICE_NAME="named"
        ) as service:
            for path in ("/crash", "/things/one", "/nowhere", "/health", "/ready", "/metrics"):
                httpx.get(service.url + path)
            httpx.request("PROPFIND", f"{service.url}/things/1")
            service.stop()
        spans = collector.spans()
    assert {"GET /crash", "GET /things/{thing_id}", "GET", "HTTP /things/{thing_id}"} == set(spans)
    assert Status.STATUS_CODE_ERROR == spans["GET /crash"].status.code
    assert "500" == values_of(spans["GET /crash"].attributes)["error.type"]
    assert Status.STATUS_CODE_UNSET == spans["GET /things/{thing_id}"].status.code
    assert 404 == values_of(spans["GET"].attributes)["http.response.status_code"]
    assert {"named"} == collector.services()


def test_the_sampler_is_the_environments_choice() -> None:
    with (
        collecting() as collector,
        running(
            APP, OTEL_EXPORTER_OTLP_ENDPOINT=collector.url, OTEL_TRACES_SAMPLER="always_off"
        ) as service,
    ):
        answer = httpx.get(f"{service.url}/calls").json()
        service.stop()
    flags = int(answer["traceparent"].rpartition("-")[2], 16)
    assert 0 == flags & 1  # not sampled
    assert {} == collector.spans()


def test_a_collector_that_fails_or_hangs_disturbs_no_request_and_no_stop() -> None:
    with collecting(status=500) as failing, hanging() as hung:
        for endpoint in (failing.url, hung, "http://127.0.0.1:9", "nonsense"):
            with running(
                APP, OTEL_EXPORTER_OTLP_ENDPOINT=endpoint, OTEL_BSP_SCHEDULE_DELAY="10"
            ) as service:
                with httpx.Client(base_url=service.url) as client:
                    for _ in range(20):
                        started = time.monotonic()
                        assert 200 == client.get("/calls").status_code
                        assert time.monotonic() - started < 2
                started = time.monotonic()
                assert service.stop() == (0, "")
                assert time.monotonic() - started < 10
                assert "stopped" == service.lines[-1]["event"]
                complaints = [line for line in service.lines if line["level"] != "info"]
                assert len(complaints) < 10


@contextmanager
def hanging() -> Iterator[str]:
    """Give the address of a server that accepts and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def test_without_an_endpoint_nothing_of_it_is_loaded() -> None:
    loaded = f"import sys, {APP.partition(':')[0]}; print('\\n'.join(sys.modules))"
    outcome = subprocess.run(
        [sys.executable, "-c", loaded],
        env={"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "OTEL_SERVICE_NAME": "named"},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    modules = outcome.stdout.splitlines()
    assert "libs.service_kit.tracing" in modules
    assert [] == [
        name
        for name in modules
        if name.startswith(("opentelemetry.sdk", "opentelemetry.exporter", "requests"))
    ]
    with client_span("neighbour", method="GET"):
        assert {} == trace_headers()
