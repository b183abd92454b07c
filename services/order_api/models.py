"""What order_api takes and answers. Unknown fields, strings for numbers and fractions are
refused."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

type CustomerId = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._@:-]{0,63}$")]
type Sku = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
type Quantity = Annotated[int, Field(ge=1, le=10_000)]
type Status = Literal["PENDING", "CONFIRMED", "REJECTED", "CANCELLED"]
type Rejection = Literal["insufficient-stock", "unknown-sku"]

MAX_LINES = 50


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


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


class OrderIn(_Request):
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
    stock_returned: bool | None = None
    """Of a CANCELLED order: False while its stock is still held; cancelling again returns it."""
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
