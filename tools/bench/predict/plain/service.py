"""Predictions and forecasts as plainly written: FastAPI, and scikit-learn's own model object."""

import os
import pickle
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
from fastapi import FastAPI
from fastapi import Path as InPath

from services.model_service.features import features_ahead
from services.model_service.manifest import Uncertainty
from services.model_service.reorder import reorder_point
from tools.bench.predict.plain.models import (
    Forecast,
    ForecastIn,
    Forecasts,
    PredictIn,
    Predictions,
    Row,
    Series,
)

FEATURES = tuple(Row.model_fields)
VERSION = os.environ["MODEL_VERSION"]

model: Any = pickle.loads(Path(os.environ["MODEL_FILE"]).read_bytes())  # noqa: S301 - our own
uncertainty = Uncertainty.model_validate_json(Path(os.environ["UNCERTAINTY_FILE"]).read_text())
app = FastAPI(title="plain predict")

type Name = Annotated[str, InPath(pattern="^demand$")]


@app.get("/health")
def health() -> dict[str, str]:
    """Say that the process lives."""
    return {"status": "ok"}


@app.post("/v1/models/{name}/predict")
def predict(name: Name, wanted: PredictIn) -> Predictions:
    """Give the units that the model expects for each row of features."""
    rows = np.array(
        [[getattr(row, feature) for feature in FEATURES] for row in wanted.rows], dtype=np.float32
    )
    return Predictions(model=name, version=VERSION, predictions=model.predict(rows).tolist())


@app.post("/v1/models/{name}/forecast")
def forecast(name: Name, wanted: ForecastIn) -> Forecasts:
    """Forecast each SKU's daily units from its history, and say when to reorder."""
    lengths = [max(wanted.horizon_days, each.lead_time_days) for each in wanted.series]
    rows = [features(each, length) for each, length in zip(wanted.series, lengths, strict=True)]
    units = np.split(model.predict(np.concatenate(rows)), np.cumsum(lengths)[:-1])
    return Forecasts(
        model=name,
        version=VERSION,
        forecasts=[
            forecast_of(series, days, wanted.horizon_days)
            for series, days in zip(wanted.series, units, strict=True)
        ],
    )


def features(series: Series, length: int) -> npt.NDArray[np.float32]:
    """Return the features of the days to come."""
    promoted = np.zeros(len(series.units) + length, dtype=bool)
    for day in series.promotions:
        offset = (day - series.first_day).days
        if 0 <= offset < len(promoted):
            promoted[offset] = True
    return features_ahead(
        np.array(series.units),
        promoted[: len(series.units)],
        next_day=series.first_day + timedelta(len(series.units)),
        planned=promoted[len(series.units) :],
    )


def forecast_of(series: Series, units: npt.NDArray[np.float64], horizon_days: int) -> Forecast:
    """Return the forecast and the reorder point of one series."""
    point = reorder_point(
        float(units[: series.lead_time_days].sum()),
        service_level=series.service_level,
        dispersion=uncertainty.dispersion,
        level_error=uncertainty.level_error,
    )
    return Forecast(
        sku=series.sku,
        first_day=series.first_day + timedelta(len(series.units)),
        units=units[:horizon_days].round(3).tolist(),
        lead_time_days=series.lead_time_days,
        service_level=series.service_level,
        lead_time_demand=round(point.lead_time_demand, 3),
        safety_stock=round(point.safety_stock, 3),
        reorder_point=point.units,
    )
