"""How good a model is on days that it never saw, and how far its forecasts may be off."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from services.model_service.features import Days, Features
from services.model_service.manifest import Accuracy, Uncertainty
from services.model_service.reorder import reorder_point
from services.model_service.training.dataset import Examples, Table

type Predict = Callable[[Features], Days]

_LEAD_TIMES = (3, 7, 14)
_LONGEST = max(_LEAD_TIMES)
_SERVICE_LEVELS = (0.9, 0.95, 0.99)


def measure_uncertainty(seen: Examples, predicted: Days) -> Uncertainty:
    """Return what the errors on `seen` days say of the days to come.

    The noise of single days comes from the errors of single days, and what all days share from what
    the errors of long sums have beyond that noise.
    """
    first = _sums(seen, predicted, 1)
    dispersion = float(np.mean(_squares(first) / np.maximum(first[1], 0.1)))
    long = _sums(seen, predicted, _LONGEST)
    shared = float(np.sum(_squares(long) - dispersion * long[1]) / np.sum(long[1] ** 2))
    return Uncertainty(
        dispersion=_rounded(dispersion), level_error=_rounded(max(shared, 0.0) ** 0.5)
    )


def measure_accuracy(
    table: Table, held_out: Examples, predicted: Days, uncertainty: Uncertainty
) -> Accuracy:
    """Return the errors on the held-out days, beside those of the two baselines."""
    actual = held_out.units
    total = float(actual.sum())
    error = float(np.abs(predicted - actual).mean())
    return Accuracy(
        first_day=str(table.day(int(held_out.origin.min()))),
        last_day=str(table.day(table.days - 1)),
        forecasts=len(held_out),
        mean_absolute_error=_rounded(error),
        weighted_absolute_percentage_error=_rounded(error * len(held_out) / total),
        bias=_rounded(float(predicted.sum()) / total - 1),
        naive_mean_absolute_error=_baseline_error(table, held_out, days=1),
        seasonal_mean_absolute_error=_baseline_error(table, held_out, days=7),
        reorder_point_coverage={
            f"{level:g}": _coverage(held_out, predicted, uncertainty, level)
            for level in _SERVICE_LEVELS
        },
    )


def _baseline_error(table: Table, held_out: Examples, *, days: int) -> float:
    """Return the mean absolute error of repeating the last `days` days."""
    ahead = _ahead(held_out) - 1
    day = held_out.origin - days + ahead % days
    units = np.stack([history.units for history in table.histories])
    return _rounded(float(np.mean(np.abs(units[held_out.sku, day] - held_out.units))))


def _coverage(held_out: Examples, predicted: Days, uncertainty: Uncertainty, level: float) -> float:
    covered = [
        bool(
            demand <= reorder_point(expected, service_level=level, **uncertainty.model_dump()).units
        )
        for days in _LEAD_TIMES
        for demand, expected in zip(*_sums(held_out, predicted, days), strict=True)
    ]
    return _rounded(sum(covered) / len(covered))


def _rounded(number: float) -> float:
    """Return six digits: processors differ in the last of sixteen."""
    return float(f"{number:.6g}")


def _squares(sums: tuple[Days, Days]) -> Days:
    actual, expected = sums
    squares: Days = (actual - expected) ** 2
    return squares


def _sums(examples: Examples, predicted: Days, days: int) -> tuple[Days, Days]:
    """Return the units and their forecasts over the first `days` days from each whole origin."""
    group = examples.sku * (int(examples.origin.max()) + 1) + examples.origin
    near = _ahead(examples) <= days
    _, number, counts = np.unique(group[near], return_inverse=True, return_counts=True)
    actual = np.bincount(number, examples.units[near])
    expected = np.bincount(number, predicted[near])
    return actual[counts == days], expected[counts == days]


def _ahead(examples: Examples) -> npt.NDArray[np.int64]:
    return examples.features[:, 5].astype(np.int64)
