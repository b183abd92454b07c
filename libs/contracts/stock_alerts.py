"""Alerts about stock, as stock_alert publishes them."""

from typing import Annotated, Literal

from pydantic import Field

from libs.contracts.cloud_events import CloudEvent
from libs.contracts.lines import Sku, Units
from libs.contracts.models import EventModel


class LowStock(EventModel):
    """A SKU whose units on hand reached the threshold from above."""

    sku: Sku
    on_hand: Units
    """Units that can be promised."""
    threshold: Units
    """Units on hand at which stock is low."""
    recovered_threshold: Units
    """Units on hand from which on the SKU is watched again, and may be told of once more."""
    version: Annotated[int, Field(ge=1)]
    """That of the stock, as order_processor counts its changes."""


class StockLow(CloudEvent):
    """Stock of a SKU came to be low; told once for each time."""

    type: Literal["granary.stock.low.v1"]
    data: LowStock
