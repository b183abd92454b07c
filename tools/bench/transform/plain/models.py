"""What is sent and answered, as Pydantic models, by the rules of the platform."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

SOURCE = r"^[a-z0-9][a-z0-9._-]{0,63}$"
SKU = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
RECORD_ID = r"^[!-~]{1,128}$"
UNIT = r"^[A-Za-z]{1,16}$"
PRICE = r"^[0-9]{1,12}(\.[0-9]{1,6})?$"
CURRENCY = r"^[A-Z]{3}$"


class Record(BaseModel):
    """A sale or a count of stock."""

    model_config = ConfigDict(extra="forbid")

    record_id: str = Field(pattern=RECORD_ID)
    source: str = Field(pattern=SOURCE)
    sku: str = Field(pattern=SKU)
    kind: Literal["sale", "stock"]
    quantity: float = Field(ge=-1e9, le=1e9, allow_inf_nan=False)
    unit: str = Field(pattern=UNIT)
    price: str | None = Field(default=None, pattern=PRICE)
    currency: str | None = Field(default=None, pattern=CURRENCY)
    occurred_at: AwareDatetime

    @model_validator(mode="after")
    def price_has_currency(self) -> Self:
        """Refuse one without the other."""
        if (self.price is None) != (self.currency is None):
            raise ValueError("price and currency go together")
        return self


class ConvertCurrency(BaseModel):
    """Bring prices to one currency."""

    operation: Literal["convert_currency"]
    to: str
    rates: dict[str, str]


class Deduplicate(BaseModel):
    """Keep the first record of each source and record_id."""

    operation: Literal["deduplicate"]


type Step = Annotated[ConvertCurrency | Deduplicate, Field(discriminator="operation")]


class TransformIn(BaseModel):
    """Records, and what is to be done to them."""

    pipeline: list[Step] = []
    records: list[dict[str, Any]] = Field(max_length=10_000)


class RecordOut(BaseModel):
    """A record as cleaned."""

    record_id: str
    source: str
    sku: str
    kind: str
    quantity: float
    unit: str
    price: str | None
    currency: str | None
    occurred_at: datetime


class Reject(BaseModel):
    """What is wrong with a row."""

    row: int
    field: str | None
    code: str
    reason: str


class Summary(BaseModel):
    """What became of the rows."""

    received: int
    rejected: int
    duplicates: int
    written: int


class TransformOut(BaseModel):
    """The cleaned records, and the report of the others."""

    records: list[RecordOut]
    rejects: list[Reject]
    summary: Summary
