"""Forecasts of many SKUs at once: one call of the model, whatever the number of series."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

from services.model_service.features import Features, features_ahead
from services.model_service.messages import Forecast, Forecasts, SeriesIn
from services.model_service.reorder import reorder_point
from services.model_service.verified_model import NotFiniteError, Predictions, VerifiedModel

_DECIMALS = 3


class SeriesError(Exception):
    """The model has no finite answer for a series."""

    def __init__(self, series: int) -> None:
        super().__init__(f"series {series}")
        self.series = series


def forecast(model: VerifiedModel, series: Sequence[SeriesIn], horizon_days: int) -> Forecasts:
    """Return the forecast of each series. Raise SeriesError when the model fails for one."""
    # A lead time may reach beyond the horizon that is asked for.
    lengths = [max(horizon_days, each.lead_time_days) for each in series]
    rows = [_rows(each, length) for each, length in zip(series, lengths, strict=True)]
    ends = np.cumsum(lengths)
    try:
        predicted = model.predict(np.concatenate(rows))
    except NotFiniteError as exc:
        raise SeriesError(int(np.searchsorted(ends, exc.row, side="right"))) from exc
    return Forecasts(
        model=model.manifest.name,
        version=model.manifest.version,
        forecasts=[
            _forecast(model, each, days, horizon_days)
            for each, days in zip(series, np.split(predicted, ends[:-1]), strict=True)
        ],
    )


def _rows(series: SeriesIn, length: int) -> Features:
    units = np.array(series.units, dtype=np.float64)
    promoted = np.zeros(len(units) + length, dtype=np.bool_)
    promoted[[*_offsets(series, len(promoted))]] = True
    return features_ahead(
        units,
        promoted[: len(units)],
        next_day=_next_day(series),
        planned=promoted[len(units) :],
    )


def _offsets(series: SeriesIn, end: int) -> Iterator[int]:
    for day in series.promotions:
        offset = (day - series.first_day).days
        if 0 <= offset < end:
            yield offset


def _next_day(series: SeriesIn) -> date:
    return series.first_day + timedelta(len(series.units))


def _forecast(
    model: VerifiedModel, series: SeriesIn, predicted: Predictions, horizon_days: int
) -> Forecast:
    units: npt.NDArray[np.float64] = predicted.astype(np.float64)
    point = reorder_point(
        float(units[: series.lead_time_days].sum()),
        service_level=series.service_level,
        dispersion=model.manifest.uncertainty.dispersion,
        level_error=model.manifest.uncertainty.level_error,
    )
    return Forecast(
        sku=series.sku,
        first_day=_next_day(series),
        units=units[:horizon_days].round(_DECIMALS).tolist(),
        lead_time_days=series.lead_time_days,
        service_level=series.service_level,
        lead_time_demand=round(point.lead_time_demand, _DECIMALS),
        safety_stock=round(point.safety_stock, _DECIMALS),
        reorder_point=point.units,
    )
