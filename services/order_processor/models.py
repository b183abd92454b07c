"""What order_processor takes and answers."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from libs.contracts.lines import Line, Lines, RequestModel, Units

type OrderId = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,64}$")]
type Refusal = Literal["unknown-sku", "insufficient-stock"]
type ReleaseReason = Literal["cancelled", "expired"]


class StockIn(RequestModel):
    """The units on hand after a count or a delivery."""

    on_hand: Units


class ReservationIn(RequestModel):
    """All that an order needs, to be held together or not at all."""

    order_id: OrderId
    lines: Lines


class Stock(BaseModel):
    """Where the units of one SKU are; their sum changes only when `on_hand` is set."""

    sku: str
    on_hand: int
    """Units that can be promised."""
    reserved: int
    """Units held for confirmed orders."""
    sold: int
    """Units that left for good."""
    version: int
    """Counts the changes; the ETag."""
    updated_at: datetime


class Reservation(BaseModel):
    """What was decided about the stock of an order, and what became of it."""

    order_id: str
    status: Literal["HELD", "REFUSED", "RELEASED", "SOLD"]
    lines: list[Line]
    refusal: Refusal | None = None
    """Why a REFUSED order holds nothing."""
    refused_sku: str | None = None
    release_reason: ReleaseReason | None = None
    """Why a RELEASED order holds nothing any more."""
    expires_at: str
    """When HELD stock returns by itself, as ISO 8601."""
    created_at: datetime
    updated_at: datetime
