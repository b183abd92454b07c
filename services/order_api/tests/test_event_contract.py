"""Every event that order_api can make is one that its contract promises."""

from datetime import UTC, datetime

import pytest

from libs.contracts.lines import Line
from libs.contracts.orders import Order
from libs.contracts.testing import check_event
from libs.outbox.event import encode
from services.order_api.events import order_event
from services.order_api.processor import StockState
from services.order_api.states import following

CREATED = datetime(2026, 11, 20, 10, tzinfo=UTC)
PENDING = Order(
    order_id="019a8c1e-7d3b-7c45-9a51-0c7a4f0f2b11",
    customer_id="ann",
    status="PENDING",
    lines=[Line(sku="APPLE", quantity=2)],
    created_at=CREATED,
    updated_at=CREATED,
)
HELD = StockState("HELD", expires_at="2026-11-20T10:15:00.000+00:00")
SOLD = StockState("SOLD")
RELEASED = StockState("RELEASED", release_reason="cancelled")
EXPIRED = StockState("RELEASED", release_reason="expired")
SHORT = StockState("REFUSED", refusal="insufficient-stock", refused_sku="APPLE")


def told(order: Order, **extensions: str) -> str:
    """Return the type of the event that tells of the order, after the check of its contract."""
    message = encode(order_event(order), **extensions)
    return str(check_event("order_events.v1", message)["type"])


@pytest.mark.parametrize(
    ("states", "event_type"),
    [
        ([], "placed"),
        ([HELD], "confirmed"),
        ([SHORT], "rejected"),
        ([EXPIRED], "rejected"),
        ([HELD, SOLD], "shipped"),
        ([HELD, RELEASED], "cancelled"),
        ([HELD, EXPIRED], "cancelled"),
    ],
)
def test_every_state_is_told_as_promised(states: list[StockState], event_type: str) -> None:
    order = PENDING
    for stock in states:
        order = following(order, stock)
    assert f"granary.order.{event_type}.v1" == told(order)
    assert f"granary.order.{event_type}.v1" == told(order, traceparent="00-a-b-01")
