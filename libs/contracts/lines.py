"""What is ordered: units of SKUs, in lines that name each SKU once."""

from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from libs.contracts.models import RequestModel, ResponseModel

MAX_LINES = 50
"""A DynamoDB transaction has at most 100 actions; an order needs one a line and a few more."""


def _whole(value: object) -> object:
    """Take 3.0 for 3, as JSON Schema does: JSON has one kind of number."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


type Sku = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$", examples=["APPLE"])]
# The bounds come first, or the JSON Schema does without them.
type Quantity = Annotated[int, Field(ge=1, le=10_000, examples=[2]), BeforeValidator(_whole)]
type Units = Annotated[int, Field(ge=0, le=1_000_000_000, examples=[100]), BeforeValidator(_whole)]


class Line(ResponseModel):
    """Units of one SKU."""

    model_config = ConfigDict(frozen=True)

    sku: Sku
    quantity: Quantity


class LineIn(Line):
    """Units of one SKU, as a client asks for them."""

    model_config = RequestModel.model_config


def _distinct_skus(lines: list[LineIn]) -> list[LineIn]:
    seen: set[str] = set()
    for line in lines:
        if line.sku in seen:
            raise PydanticCustomError("duplicate_sku", "{sku} is in two lines", {"sku": line.sku})
        seen.add(line.sku)
    return lines


type Lines = Annotated[
    list[LineIn],
    Field(
        min_length=1,
        max_length=MAX_LINES,
        description="Each SKU in one line at most.",
        json_schema_extra={"uniqueItems": True},
    ),
    AfterValidator(_distinct_skus),
]
