"""An alert as the message that subscribers get: the contract's CloudEvent in JSON."""

from __future__ import annotations

from datetime import datetime

from functions.stock_alert.decisions import Alert
from libs.contracts.cloud_events import type_of
from libs.contracts.stock_alerts import LowStock, StockLow

SOURCE = "/granary/stock_alert"
TYPE = type_of(StockLow)
_SEQUENCE_DIGITS = 20


def message(alert: Alert) -> str:
    """Return the message, the same at each call."""
    event = StockLow(
        specversion="1.0",
        id=alert.id,
        source=SOURCE,
        type="granary.stock.low.v1",
        subject=alert.sku,
        time=datetime.fromisoformat(alert.time),
        datacontenttype="application/json",
        partitionkey=alert.sku,
        sequence=f"{alert.version:0{_SEQUENCE_DIGITS}}",
        data=LowStock(
            sku=alert.sku,
            on_hand=alert.on_hand,
            threshold=alert.threshold,
            recovered_threshold=alert.recovered_threshold,
            version=alert.version,
        ),
    )
    return event.model_dump_json(exclude_none=True)
