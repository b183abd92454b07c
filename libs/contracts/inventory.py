"""Stock and its reservations, as order_processor takes and gives them."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from libs.contracts.lines import Line, Lines, Units
from libs.contracts.models import RequestModel, ResponseModel

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


class Stock(ResponseModel):
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
    updated_at: AwareDatetime


class Outcome(ResponseModel):
    """What was decided about the stock of an order, and what became of it."""

    order_id: str
    status: Literal["HELD", "REFUSED", "RELEASED", "SOLD"]
    lines: list[Line]
    refusal: Refusal | None = None
    """Why a REFUSED order holds nothing."""
    refused_sku: str | None = None
    release_reason: ReleaseReason | None = None
    """Why a RELEASED order holds nothing any more."""


class Reservation(Outcome):
    """What was decided about the stock of an order, and what became of it."""

    expires_at: str
    """When HELD stock returns by itself, as ISO 8601."""
    created_at: AwareDatetime
    updated_at: AwareDatetime
