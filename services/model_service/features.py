"""What a demand model sees of a day: the one place that makes it, for training and for serving.

A model forecasts the units of one SKU on one day from features that are known when the history
ends, so a forecast of many days feeds on no forecast. Means leave days of promotion out, where
others are left, so that the effect of a promotion stands in its own feature alone.
"""

from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

type Features = npt.NDArray[np.float32]
"""Rows of features, in the order of FEATURES."""
type Days = npt.NDArray[np.float64]

MIN_HISTORY_DAYS = 56
MAX_HORIZON_DAYS = 56
MAX_UNITS = 1_000_000


@dataclass(frozen=True, slots=True)
class Feature:
    """One input of a model: its name, what it means, and which values it takes."""

    name: str
    meaning: str
    minimum: float
    maximum: float
    whole: bool = False


FEATURES = (
    Feature("mean_7", "units a day over the last 7 days", 0, MAX_UNITS),
    Feature("mean_28", "units a day over the last 28 days", 0, MAX_UNITS),
    Feature("mean_56", "units a day over the last 56 days", 0, MAX_UNITS),
    Feature("same_weekday_mean", "units on the last 4 such weekdays", 0, MAX_UNITS),
    Feature("weekday", "of the forecast day, 0 is Monday", 0, 6, whole=True),
    Feature("days_ahead", "from the last day of history", 1, MAX_HORIZON_DAYS, whole=True),
    Feature("promotion", "1 when the day has a promotion, else 0", 0, 1, whole=True),
)
FEATURE_NAMES = tuple(feature.name for feature in FEATURES)


def features_ahead(
    units: Days, promoted: npt.NDArray[np.bool_], *, next_day: date, planned: npt.NDArray[np.bool_]
) -> Features:
    """Return one row for each day from `next_day` on.

    Args:
        units: Sold each day, MIN_HISTORY_DAYS or more; the last is the day before `next_day`.
        promoted: Which of those days had a promotion.
        next_day: The first day to forecast.
        planned: Which of the days to forecast will have one; its length is the horizon.
    """
    ahead = np.arange(len(planned))
    rows = np.empty((len(planned), len(FEATURES)), dtype=np.float32)
    rows[:, 0] = _mean(units[-7:], promoted[-7:])
    rows[:, 1] = _mean(units[-28:], promoted[-28:])
    rows[:, 2] = _mean(units[-56:], promoted[-56:])
    # Four whole weeks: column i holds the weekday of the i-th day ahead.
    weeks, promoted_weeks = units[-28:].reshape(4, 7), promoted[-28:].reshape(4, 7)
    same_weekday = np.array([_mean(weeks[:, i], promoted_weeks[:, i]) for i in range(7)])
    rows[:, 3] = same_weekday[ahead % 7]
    rows[:, 4] = (next_day.weekday() + ahead) % 7
    rows[:, 5] = ahead + 1
    rows[:, 6] = planned
    return rows


def _mean(units: Days, promoted: npt.NDArray[np.bool_]) -> float:
    usual = units[~promoted]
    return float(usual.mean() if usual.size else units.mean())
