"""What the plain services take and answer: the platform's fields and rules."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

Sku = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]


class Line(BaseModel):
    """Units of one SKU."""

    model_config = ConfigDict(extra="forbid", strict=True)

    sku: Sku
    quantity: int = Field(ge=1, le=10_000)


class Lines(BaseModel):
    """What is ordered."""

    model_config = ConfigDict(extra="forbid", strict=True)

    lines: list[Line] = Field(min_length=1, max_length=50)

    @field_validator("lines")
    @classmethod
    def distinct(cls, lines: list[Line]) -> list[Line]:
        """Refuse a SKU in two lines."""
        if len({line.sku for line in lines}) != len(lines):
            raise ValueError("a SKU is in two lines")
        return lines


class OrderIn(Lines):
    """An order as a customer places it."""

    customer_id: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._@:-]{0,63}$")


class Order(BaseModel):
    """An order and where it stands."""

    order_id: str
    customer_id: str
    status: Literal["PENDING", "CONFIRMED", "REJECTED"]
    lines: list[Line]
    rejection: str | None = None
    rejected_sku: str | None = None
    cancel_reason: str | None = None
    created_at: datetime
    updated_at: datetime


class ReservationIn(Lines):
    """All that an order needs."""

    order_id: str = Field(pattern=r"^[A-Za-z0-9-]{1,64}$")


class Reservation(BaseModel):
    """What was decided about the stock of an order."""

    order_id: str
    status: Literal["HELD", "REFUSED"]
    lines: list[Line]
    refusal: str | None = None
    refused_sku: str | None = None
    release_reason: str | None = None
    expires_at: str
    created_at: datetime
    updated_at: datetime


class StockIn(BaseModel):
    """The units on hand."""

    on_hand: int = Field(ge=0, le=1_000_000_000)
