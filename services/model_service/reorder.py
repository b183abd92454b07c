"""When to reorder: the stock that lasts through lead times as often as the service level says."""

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

_STANDARD = NormalDist()


@dataclass(frozen=True, slots=True)
class ReorderPoint:
    """Units at which to order more, and what they are made of."""

    lead_time_demand: float
    safety_stock: float

    @property
    def units(self) -> int:
        """Whole units: a part of one sells nothing. Less a rounding error, which is no unit."""
        return math.ceil(self.lead_time_demand + self.safety_stock - 1e-6)


def reorder_point(
    lead_time_demand: float, *, service_level: float, dispersion: float, level_error: float
) -> ReorderPoint:
    """Return the stock that covers the demand until an order arrives.

    Args:
        lead_time_demand: Units expected from ordering to arrival.
        service_level: Share of lead times that shall end without a shortage, 0.5 to below 1.
        dispersion: See `manifest.Uncertainty`.
        level_error: See there.
    """
    spread = float(
        standard_deviation(
            np.float64(lead_time_demand), dispersion=dispersion, level_error=level_error
        )
    )
    return ReorderPoint(lead_time_demand, _STANDARD.inv_cdf(service_level) * spread)


def standard_deviation(
    demand: npt.NDArray[np.float64] | np.float64, *, dispersion: float, level_error: float
) -> npt.NDArray[np.float64] | np.float64:
    """Return how far sums of units spread about their forecasts, in units."""
    spread: npt.NDArray[np.float64] | np.float64 = np.sqrt(
        dispersion * demand + (level_error * demand) ** 2
    )
    return spread
