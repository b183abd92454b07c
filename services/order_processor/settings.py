"""Settings of order_processor; README.md has them as a table."""

from typing import Annotated

from pydantic import Field

from libs.dynamo import DynamoSettings
from libs.outbox import OutboxSettings
from libs.service_kit import ServiceSettings

type _Table = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{3,255}$")]


class Settings(ServiceSettings, DynamoSettings, OutboxSettings):
    """Environment of order_processor."""

    inventory_table: _Table = "inventory"
    reservations_table: _Table = "reservations"
    stock_events_table: _Table = "stock_events"
    reservation_lifetime_seconds: float = Field(default=604_800, gt=0, le=31_536_000)
    """How long stock is held for an order that is neither shipped nor cancelled."""
    reconcile_seconds: float = Field(default=5.0, gt=0, le=3_600)
    """Time between two looks for reservations whose time is over."""
