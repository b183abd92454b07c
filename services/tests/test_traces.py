"""One order is one trace over both services."""

from opentelemetry.proto.trace.v1.trace_pb2 import Span

from libs.service_kit.collector import collecting, values_of
from services.tests.conftest import PATIENT, running_platform

TRACE = "0af7651916cd43dd8448eb211c80319c"
CALLER = "b7ad6b7169203331"


def test_an_order_is_one_trace_from_its_caller_to_the_stock(environment: dict[str, str]) -> None:
    with collecting() as collector:
        traced = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url}
        with running_platform(environment | PATIENT | traced) as platform:
            platform.put_stock("QUINCE", 1)
            headers = {"traceparent": f"00-{TRACE}-{CALLER}-01"}
            placed = platform.place("ann", {"QUINCE": 1}, "traced-1", headers)
            assert (201, "CONFIRMED") == (placed.status_code, placed.json()["status"])
            services = (platform.order_api, platform.order_processor)
            for service in services:
                assert (0, "") == service.stop()
        spans = collector.spans()
    order = spans["POST /v1/orders"]
    call = spans["POST order_processor"]
    reservation = spans["POST /v1/reservations"]
    assert {TRACE} == {span.trace_id.hex() for span in (order, call, reservation)}
    assert CALLER == order.parent_span_id.hex()
    assert order.span_id == call.parent_span_id
    assert call.span_id == reservation.parent_span_id
    assert {TRACE} == {spans["TransactWriteItems DynamoDB"].trace_id.hex()}
    kinds = [Span.SPAN_KIND_SERVER, Span.SPAN_KIND_CLIENT, Span.SPAN_KIND_SERVER]
    assert kinds == [order.kind, call.kind, reservation.kind]
    assert "/v1/reservations" == values_of(reservation.attributes)["http.route"]
    assert {"order_api", "order_processor"} == collector.services()
    for service in services:
        lines = [line for line in service.lines if line["event"] == "request"]
        assert TRACE in {line.get("trace_id") for line in lines}
