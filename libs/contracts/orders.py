"""Orders, as order_api takes and gives them."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from libs.contracts.lines import Line, Lines
from libs.contracts.models import RequestModel, ResponseModel

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


class Order(ResponseModel):
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
    created_at: AwareDatetime
    updated_at: AwareDatetime


class OrderPage(ResponseModel):
    """Orders of a customer, newest first; `next_cursor` is null on the last page."""

    orders: list[Order]
    next_cursor: str | None
