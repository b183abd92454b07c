"""What a request asks to be done: operations in a fixed order, each with its own options.

Whatever the pipeline, records are validated, brought to base units and to UTC, so that what comes
out is always a `RecordOut`; the operations say what happens beyond that.
"""

import itertools
import zoneinfo
from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, TypeAdapter
from pydantic_core import PydanticCustomError

from libs.contracts.models import RequestModel
from libs.contracts.records import BaseUnit, Currency

# Above zero, whichever side of the point it is on.
_POSITIVE = r"^(0*[1-9][0-9]{0,8}(\.[0-9]{1,9})?|0+\.0*[1-9][0-9]*)$"


@cache
def _zones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())


def _known_zone(name: str) -> str:
    if name not in _zones():
        raise PydanticCustomError("time_zone", "no time zone of the IANA database has this name")
    return name


type Factor = Annotated[str, Field(pattern=_POSITIVE, max_length=20, examples=["0.92"])]
"""A positive decimal in text."""
type UnitName = Annotated[str, Field(pattern=r"^[A-Za-z]{1,16}$")]
type TimeZone = Annotated[
    str, Field(max_length=64, examples=["Europe/Berlin"]), AfterValidator(_known_zone)
]
type Rates = Annotated[Mapping[Currency, Factor], Field(min_length=1, max_length=400)]


class Unit(RequestModel):
    """A unit beside the known ones, as in: a crate is 24 each."""

    base: BaseUnit
    factor: Factor
    """How many base units it is."""


class LocaliseTimes(RequestModel):
    """Take times without an offset for local times of a zone; without this they are rejected."""

    operation: Literal["localise_times"]
    time_zone: TimeZone


class NormaliseUnits(RequestModel):
    """Bring quantities and prices to base units, by further units than the known ones."""

    operation: Literal["normalise_units"]
    units: Annotated[Mapping[UnitName, Unit], Field(max_length=100)] = Field(default_factory=dict)
    """By name; a name's case does not matter. They come before the known ones."""


class ConvertCurrency(RequestModel):
    """Bring prices to one currency. Without this, each price keeps its own."""

    operation: Literal["convert_currency"]
    to: Currency
    rates: Rates | None = None
    """What one unit of each currency is worth in `to`; or, when `to` is among them, in a common
    currency. None means the rates of the service's settings."""


class Deduplicate(RequestModel):
    """Keep the first record of each source and record_id that was not rejected."""

    operation: Literal["deduplicate"]


class Window(RequestModel):
    """Spans of time that records are put together by."""

    size: Literal["hour", "day", "week", "month"]
    """A week begins on Monday."""
    time_zone: TimeZone = "UTC"
    """Whose midnights count."""


type By = Literal["source", "sku"]


def _by_sku() -> list[By]:
    return ["sku"]


class Aggregate(RequestModel):
    """Put records together instead of giving them one by one.

    Records of different kind, unit or currency are never put together.
    """

    operation: Literal["aggregate"]
    by: Annotated[list[By], Field(max_length=2)] = Field(default_factory=_by_sku)
    window: Window | None = None


type Step = Annotated[
    LocaliseTimes | NormaliseUnits | ConvertCurrency | Deduplicate | Aggregate,
    Field(discriminator="operation"),
]

_ORDER = ("localise_times", "normalise_units", "convert_currency", "deduplicate", "aggregate")


def _in_order(steps: list[Step]) -> list[Step]:
    places = [_ORDER.index(step.operation) for step in steps]
    if any(later <= earlier for earlier, later in itertools.pairwise(places)):
        raise PydanticCustomError(
            "pipeline_order", "operations come at most once each, in this order: {order}",
            {"order": ", ".join(_ORDER)},
        )  # fmt: skip
    return steps


type Pipeline = Annotated[list[Step], Field(max_length=5), AfterValidator(_in_order)]

PIPELINE: TypeAdapter[list[Step]] = TypeAdapter(Pipeline)


def decimals(rates: Mapping[str, Any]) -> dict[str, Decimal]:
    """Return rates as numbers."""
    return {currency: Decimal(rate) for currency, rate in rates.items()}
