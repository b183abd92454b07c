"""Every event that order_processor can make is one that its contract promises."""

from datetime import UTC, datetime
from typing import Any

import pytest

from libs.contracts.inventory import Reservation
from libs.contracts.lines import Line
from libs.contracts.testing import check_event
from libs.outbox.event import encode
from services.order_processor.events import reservation_closed, reservation_decided, stock_set

NOW = "2026-11-20T10:00:00.000+00:00"
HELD = Reservation(
    order_id="o-1",
    status="HELD",
    lines=[Line(sku="APPLE", quantity=2)],
    expires_at=NOW,
    created_at=datetime(2026, 11, 20, 10, tzinfo=UTC),
    updated_at=datetime(2026, 11, 20, 10, tzinfo=UTC),
)


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({}, "held"),
        ({"status": "REFUSED", "refusal": "unknown-sku", "refused_sku": "APPLE"}, "refused"),
        ({"status": "SOLD"}, "sold"),
        ({"status": "RELEASED", "release_reason": "cancelled"}, "released"),
        ({"status": "RELEASED", "release_reason": "expired"}, "expired"),
    ],
)
def test_what_became_of_a_reservation_is_told_as_promised(
    changes: dict[str, Any], kind: str
) -> None:
    reservation = HELD.model_copy(update=changes)
    tell = reservation_decided if kind in ("held", "refused") else reservation_closed
    event = check_event("stock_events.v1", encode(tell(reservation, now=NOW)))
    assert f"granary.reservation.{kind}.v1" == event["type"]
    told = {"order_id": "o-1", "status": "HELD", "lines": [{"sku": "APPLE", "quantity": 2}]}
    assert told | changes == event["data"]


def test_stock_that_is_set_is_told_as_promised() -> None:
    event = stock_set("APPLE", 100, now=NOW, nanoseconds=1_795_168_800_000_000_000)
    told = check_event("stock_events.v1", encode(event, traceparent="00-a-b-01"))
    assert {"sku": "APPLE", "on_hand": 100} == told["data"]
