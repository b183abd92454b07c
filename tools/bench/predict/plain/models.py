"""What is sent and answered, as Pydantic models, by the rules of the platform."""

from datetime import date
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

type Level = Annotated[float, Field(ge=0, le=1_000_000, allow_inf_nan=False)]


class Row(BaseModel):
    """The features of one day of one SKU, in the model's order."""

    model_config = ConfigDict(extra="forbid")

    mean_7: Level
    mean_28: Level
    mean_56: Level
    same_weekday_mean: Level
    weekday: int = Field(ge=0, le=6)
    days_ahead: int = Field(ge=1, le=56)
    promotion: int = Field(ge=0, le=1)


class PredictIn(BaseModel):
    """Rows to predict."""

    rows: list[Row] = Field(min_length=1, max_length=10_000)


class Predictions(BaseModel):
    """One number of units for each row."""

    model: str
    version: str
    predictions: list[float]


class Series(BaseModel):
    """What one SKU sold each day."""

    sku: str = Field(min_length=1, max_length=64)
    first_day: date
    units: list[Level] = Field(min_length=56, max_length=1_100)
    promotions: list[date] = []
    lead_time_days: int = Field(default=7, ge=1, le=56)
    service_level: float = Field(default=0.95, ge=0.5, le=0.9999)


class ForecastIn(BaseModel):
    """Histories to forecast."""

    horizon_days: int = Field(default=14, ge=1, le=56)
    series: list[Series] = Field(min_length=1, max_length=500)


class Forecast(BaseModel):
    """What one SKU is expected to sell, and when to order more of it."""

    sku: str
    first_day: date
    units: list[float]
    lead_time_days: int
    service_level: float
    lead_time_demand: float
    safety_stock: float
    reorder_point: int


class Forecasts(BaseModel):
    """One forecast for each series."""

    model: str
    version: str
    forecasts: list[Forecast]
