"""What order_api takes and answers."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from libs.contracts.lines import Line, Lines, RequestModel

type CustomerId = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._@:-]{0,63}$", examples=["ann"])
]
type Status = Literal["PENDING", "CONFIRMED", "REJECTED", "CANCELLED", "SHIPPED"]
type Rejection = Literal["insufficient-stock", "unknown-sku", "reservation-expired"]
type CancelReason = Literal["customer", "expired"]


class OrderIn(RequestModel):
    """An order as a customer places it."""

    customer_id: CustomerId
    lines: Lines


class Order(BaseModel):
    """An order and where it stands."""

    order_id: str
    customer_id: str
    status: Status
    lines: list[Line]
    rejection: Rejection | None = None
    """Why a REJECTED order got no stock."""
    rejected_sku: str | None = None
    cancel_reason: CancelReason | None = None
    """Why a CANCELLED order gave its stock back."""
    created_at: datetime
    updated_at: datetime


class ListQuery(BaseModel):
    """Parameters of the list of orders."""

    model_config = ConfigDict(extra="forbid")

    customer_id: CustomerId
    cursor: str | None = None
    limit: Annotated[int, Field(ge=1, le=100)] = 20


class OrderPage(BaseModel):
    """Orders of a customer, newest first; `next_cursor` is null on the last page."""

    orders: list[Order]
    next_cursor: str | None
