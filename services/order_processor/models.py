"""What order_processor takes and answers. Unknown fields, strings for numbers and fractions are
refused."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

type Sku = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
type OrderId = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,64}$")]
type Quantity = Annotated[int, Field(ge=1, le=10_000)]
type Units = Annotated[int, Field(ge=0, le=1_000_000_000)]

MAX_LINES = 50
"""A transaction has at most 100 actions; half is left for the events that tell of the change."""


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class StockIn(_Request):
    """The units on hand after a count or a delivery."""

    on_hand: Units


class Line(_Request):
    """Units of one SKU."""

    sku: Sku
    quantity: Quantity


def _distinct_skus(lines: list[Line]) -> list[Line]:
    seen: set[str] = set()
    for line in lines:
        if line.sku in seen:
            raise PydanticCustomError("duplicate_sku", "{sku} is in two lines", {"sku": line.sku})
        seen.add(line.sku)
    return lines


type Lines = Annotated[
    list[Line], Field(min_length=1, max_length=MAX_LINES), AfterValidator(_distinct_skus)
]


class ReservationIn(_Request):
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
    """The stock that an order holds, or held."""

    order_id: str
    status: Literal["HELD", "RELEASED"]
    lines: list[Line]
    created_at: datetime
    updated_at: datetime
