"""Records of sales and stock: as collected from a client's systems, and as cleaned."""

import re
from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from libs.contracts.lines import Sku
from libs.contracts.models import RequestModel, ResponseModel

# RFC 3339; Pydantic alone takes numbers for times, too.
_ZONED_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


def _zoned(value: object) -> object:
    if isinstance(value, str) and _ZONED_TIME.fullmatch(value):
        return value
    raise PydanticCustomError(
        "zoned_time", "Input should be a time with seconds and offset, as RFC 3339 has it"
    )


type RecordId = Annotated[str, Field(pattern=r"^[!-~]{1,128}$", examples=["till-7/2026-11-20/41"])]
type Source = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$", examples=["tills"])]
type Kind = Literal["sale", "stock"]
type Amount = Annotated[float, Field(ge=-1e9, le=1e9, allow_inf_nan=False, examples=[2.5])]
type BaseUnit = Literal["each", "kg", "l", "m"]
type Price = Annotated[str, Field(pattern=r"^[0-9]{1,12}(\.[0-9]{1,6})?$", examples=["1.99"])]
"""Decimal text, because a binary fraction is not what was paid."""
type Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$", examples=["EUR"])]


class RecordIn(RequestModel):
    """A sale, or a count of stock, in the words of the system that it is from."""

    record_id: RecordId
    """Its name at its source: a record that comes again has the same."""
    source: Source
    sku: Sku
    kind: Kind
    quantity: Amount
    """Units sold, negative for what came back; or units in stock."""
    unit: Annotated[str, Field(pattern=r"^[A-Za-z]{1,16}$", examples=["kg", "each", "lb"])]
    price: Price | None = None
    """Of one unit; with its currency, or neither."""
    currency: Currency | None = None
    occurred_at: Annotated[AwareDatetime, Field(strict=False), BeforeValidator(_zoned)]

    @model_validator(mode="after")
    def _price_has_currency(self) -> Self:
        if (self.price is None) != (self.currency is None):
            raise PydanticCustomError("price_currency", "price and currency go together")
        return self


class RecordOut(ResponseModel):
    """A record as cleaned: base unit, one currency, UTC."""

    record_id: str
    source: str
    sku: Sku
    kind: Kind
    quantity: Amount
    """In base units."""
    unit: BaseUnit
    price: Price | None = None
    """Of one base unit, in `currency`."""
    currency: Currency | None = None
    occurred_at: AwareDatetime
    """In UTC."""
