"""Records of the inventory table's stream, read into changes of stock.

The form is that of "DynamoDB Streams record event" in the AWS Lambda developer guide.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from libs.contracts.lines import Sku, Units

MAJOR_VERSION = "1."
"""`eventVersion` begins so; its minor number only grows by added fields."""

type Kind = Literal["INSERT", "MODIFY", "REMOVE"]


class BadRecordError(Exception):
    """The record can never be used, however often it comes; the message says why.

    It names fields, never values: what is in an unreadable record is not known.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change of the stock of one SKU."""

    sku: str
    kind: Kind
    on_hand: int
    """Units on hand afterwards; of a removed item, before."""
    version: int
    """Counts the item's changes; a removal has that of the last one before."""
    time: str
    """When the stock was changed, ISO 8601 with an offset."""
    sequence_number: str
    """Of the record, in its stream."""


class _Text(BaseModel):
    S: str


class _Number(BaseModel):
    N: str = Field(pattern=r"^-?\d{1,38}$")


class _Image(BaseModel):
    """What is read of an item of the inventory table."""

    model_config = ConfigDict(extra="ignore")

    sku: _Text
    on_hand: _Number
    version: _Number
    updated_at: _Text


class _Stock(BaseModel):
    sku: Sku
    on_hand: Units
    version: int = Field(ge=1, lt=10**20)
    updated_at: AwareDatetime


def read_change(record: object) -> Change:
    """Return the change that a stream record tells of. Raise BadRecordError."""
    if not isinstance(record, dict):
        raise BadRecordError("the record is not an object")
    if record.get("eventSource") != "aws:dynamodb":
        raise BadRecordError("eventSource is not aws:dynamodb")
    if not str(record.get("eventVersion")).startswith(MAJOR_VERSION):
        raise BadRecordError(f"eventVersion does not begin with {MAJOR_VERSION}")
    kind = record.get("eventName")
    if kind not in ("INSERT", "MODIFY", "REMOVE"):
        raise BadRecordError("eventName is not INSERT, MODIFY or REMOVE")
    sequence_number = sequence_number_of(record)
    if sequence_number is None:
        raise BadRecordError("dynamodb.SequenceNumber is missing")
    name = "OldImage" if kind == "REMOVE" else "NewImage"
    stock = _read_image(name, record["dynamodb"].get(name))
    return Change(
        sku=stock.sku,
        kind=cast("Kind", kind),
        on_hand=stock.on_hand,
        version=stock.version,
        time=stock.updated_at.isoformat(timespec="milliseconds"),
        sequence_number=sequence_number,
    )


def sequence_number_of(record: object) -> str | None:
    """Return what a failure of the record is reported by, None when it has none that is usable."""
    match record:
        case {"dynamodb": {"SequenceNumber": str(number)}} if number.isdecimal():
            return number if len(number) <= _MOST_DIGITS else None
        case _:
            return None


# Of SequenceNumber, as the DynamoDB Streams API reference has it.
_MOST_DIGITS = 40


def _read_image(name: str, image: object) -> _Stock:
    try:
        read = _Image.model_validate(image)
        return _Stock.model_validate(
            {
                "sku": read.sku.S,
                "on_hand": int(read.on_hand.N),
                "version": int(read.version.N),
                "updated_at": read.updated_at.S,
            }
        )
    except ValidationError as exc:
        raise BadRecordError(f"dynamodb.{name}: {_places(exc.errors())}") from exc


def _places(errors: list[Any]) -> str:
    """Return where a value is wrong and how, without the value."""
    texts = []
    for error in cast("list[Mapping[str, Any]]", errors):
        place = ".".join(str(part) for part in error["loc"]) or "value"
        texts.append(f"{place}: {error['type']}")
    return ", ".join(sorted(set(texts)))
