"""What model_service is asked and what it answers."""

import re
from datetime import date
from typing import Annotated, Any, Literal, Self, TypedDict, cast

from pydantic import AfterValidator, BeforeValidator, ConfigDict, FailFast, Field, model_validator
from pydantic_core import PydanticCustomError

from libs.contracts.lines import Sku
from libs.contracts.models import RequestModel, ResponseModel
from services.model_service.features import (
    MAX_HORIZON_DAYS,
    MAX_UNITS,
    MIN_HISTORY_DAYS,
)
from services.model_service.manifest import Accuracy, FeatureSchema

MAX_ROWS = 10_000
MAX_SERIES = 500
MAX_HISTORY_DAYS = 1_100
_LAST_YEAR = 9_990
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")

type Level = Annotated[
    float, Field(ge=0, le=MAX_UNITS, allow_inf_nan=False, strict=True, examples=[12.5])
]
type Weekday = Annotated[
    float, Field(ge=0, le=6, multiple_of=1, allow_inf_nan=False, strict=True, examples=[4])
]
type DaysAhead = Annotated[
    float,
    Field(ge=1, le=MAX_HORIZON_DAYS, multiple_of=1, allow_inf_nan=False, strict=True, examples=[1]),
]
type Promotion = Annotated[
    float, Field(ge=0, le=1, multiple_of=1, allow_inf_nan=False, strict=True, examples=[0])
]


class Row(TypedDict):
    """The features of one day of one SKU; `GET /v1/models` says what each means."""

    # Not a model: an object for each of ten thousand rows costs more than their validation.
    __pydantic_config__ = ConfigDict(extra="forbid")  # type: ignore[misc]

    mean_7: Level
    mean_28: Level
    mean_56: Level
    same_weekday_mean: Level
    weekday: Weekday
    days_ahead: DaysAhead
    promotion: Promotion


# A hostile body must not make a list of ten thousand errors.
type Column[Value] = Annotated[list[Value], Field(min_length=1, max_length=MAX_ROWS), FailFast()]


class Columns(TypedDict):
    """The same by feature: lists of equal length."""

    __pydantic_config__ = ConfigDict(extra="forbid")  # type: ignore[misc]

    mean_7: Column[Level]
    mean_28: Column[Level]
    mean_56: Column[Level]
    same_weekday_mean: Column[Level]
    weekday: Column[Weekday]
    days_ahead: Column[DaysAhead]
    promotion: Column[Promotion]


def _check_lengths(columns: Columns) -> Columns:
    lengths = {
        name: len(values) for name, values in cast("dict[str, list[float]]", columns).items()
    }
    first, expected = next(iter(lengths.items()))
    for name, length in lengths.items():
        if length != expected:
            raise PydanticCustomError(
                "column_length",
                "{name} has {length} values, but {first} has {expected}",
                {"name": name, "length": length, "first": first, "expected": expected},
            )
    return columns


def _one_form_only(schema: dict[str, Any]) -> None:
    for form in schema["properties"].values():
        form.pop("default", None)
        form.update(form.pop("anyOf")[0])
    schema["oneOf"] = [{"required": [form]} for form in schema["properties"]]


class PredictIn(RequestModel):
    """Rows to predict, in one of two forms."""

    model_config = ConfigDict(json_schema_extra=_one_form_only)

    rows: Column[Row] | None = None
    columns: Annotated[Columns, AfterValidator(_check_lengths)] | None = None

    @model_validator(mode="after")
    def _check_form(self) -> Self:
        if len(self.model_fields_set) != 1 or (self.rows is None and self.columns is None):
            raise PydanticCustomError("form", "give either rows or columns")
        return self


class Predictions(ResponseModel):
    """One number of units for each row, in their order."""

    model: str
    version: str
    predictions: list[float]


def _day(value: object) -> object:
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        raise PydanticCustomError("day", "Input should be a day such as 2026-01-31")
    if int(value[:4]) > _LAST_YEAR:
        raise PydanticCustomError("day", "Input should be a day up to {year}", {"year": _LAST_YEAR})
    return value


type Day = Annotated[date, Field(strict=False), BeforeValidator(_day)]


def _whole(value: object) -> object:
    """Take 3.0 for 3, as JSON Schema does: JSON has one kind of number."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


type DayCount = Annotated[int, Field(ge=1, le=MAX_HORIZON_DAYS), BeforeValidator(_whole)]


class SeriesIn(RequestModel):
    """What one SKU sold each day, without a gap, and what to forecast it for."""

    sku: Sku
    first_day: Day
    """Of the history."""
    units: Annotated[
        list[Level], Field(min_length=MIN_HISTORY_DAYS, max_length=MAX_HISTORY_DAYS), FailFast()
    ]
    """Sold each day from then on, 0 on days without a sale."""
    promotions: Annotated[list[Day], Field(max_length=MAX_HISTORY_DAYS), FailFast()] = Field(
        default=[]
    )
    """Days with a promotion, past and planned; others than those have no effect."""
    lead_time_days: DayCount = 7
    """From ordering to arrival."""
    service_level: Annotated[float, Field(ge=0.5, le=0.9999, allow_inf_nan=False)] = 0.95
    """Share of lead times that shall end without a shortage."""


class ForecastIn(RequestModel):
    """Histories to forecast."""

    horizon_days: DayCount = 14
    series: Annotated[list[SeriesIn], Field(min_length=1, max_length=MAX_SERIES), FailFast()]


class Forecast(ResponseModel):
    """What one SKU is expected to sell, and when to order more of it."""

    sku: str
    first_day: date
    """Of the forecast: the day after the history's last."""
    units: list[float]
    """Expected on each day."""
    lead_time_days: int
    service_level: float
    lead_time_demand: float
    """Expected from the first day until an order of today arrives."""
    safety_stock: float
    """Kept for what is not expected."""
    reorder_point: int
    """Order when the stock on hand and on order is down to this."""


class Forecasts(ResponseModel):
    """One forecast for each series, in their order."""

    model: str
    version: str
    forecasts: list[Forecast]


class VersionOut(ResponseModel):
    """One version of a model."""

    version: str
    status: Literal["active", "verified", "refused"]
    problem: str | None
    """Why it, or what its folder now holds, is refused."""
    summary: str | None
    sha256: str | None
    accuracy: Accuracy | None
    libraries: dict[str, str]


class FeatureOut(FeatureSchema):
    """One input of every model, and what it means."""

    meaning: str


class ModelOut(ResponseModel):
    """A model, and the version that answers unless another is asked for."""

    name: str
    version: str | None
    problem: str | None
    versions: list[VersionOut]


class ModelsOut(ResponseModel):
    """All models."""

    models: list[ModelOut]
    features: list[FeatureOut]
