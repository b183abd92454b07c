"""Prometheus metrics of one application, in a registry of its own."""

from collections.abc import Sequence
from typing import Any
from weakref import WeakKeyDictionary

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Enum,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from starlette.responses import Response

_shared: WeakKeyDictionary[CollectorRegistry, dict[str, Any]] = WeakKeyDictionary()
_BUCKETS = (0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Metrics:
    """The HTTP metrics that every service has; a service adds its own to `registry`."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self.registry)
        self.in_flight = Gauge(
            "http_requests_in_flight", "Requests being answered", registry=self.registry
        )
        self.refused = Counter(
            "http_requests_refused_total",
            "Requests refused before any work, for want of room or of time",
            ["reason"],
            registry=self.registry,
        )
        self._requests = Counter(
            "http_requests_total",
            "Requests answered",
            ["method", "route", "status"],
            registry=self.registry,
        )
        self._latency = Histogram(
            "http_request_duration_seconds",
            "Time from the request's arrival to the end of its answer",
            ["method", "route"],
            buckets=_BUCKETS,
            registry=self.registry,
        )
        # The library checks and hashes labels anew each time: 3 of its 4 us a request.
        self._labelled: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    def observe(self, *, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answered request. Methods of a client's own invention share one label."""
        method = method if method in _METHODS else "OTHER"
        labelled = self._labelled.get((method, route, status))
        if labelled is None:
            labelled = (
                self._requests.labels(method, route, str(status)),
                self._latency.labels(method, route),
            )
            self._labelled[method, route, status] = labelled
        requests, latency = labelled
        requests.inc()
        latency.observe(seconds)

    def render(self) -> Response:
        """Return all metrics in Prometheus' text format."""
        return Response(generate_latest(self.registry), media_type=CONTENT_TYPE_LATEST)


def shared_metric[M: (Counter, Gauge, Enum)](
    registry: CollectorRegistry,
    make: type[M],
    name: str,
    help_text: str,
    labels: Sequence[str],
    **more: Any,
) -> M:
    """Return the metric `name` of `registry`, made by the first who asks for it."""
    known = _shared.setdefault(registry, {})
    if name not in known:
        known[name] = make(name, help_text, labels, registry=registry, **more)
    metric: M = known[name]
    return metric
