"""Have model_service forecast demand, and say what to reorder of the stock that is left."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from http import HTTPStatus

from tools.dev.client import Client, NoAnswerError
from tools.dev.errors import DevError
from tools.dev.stock import Level

LEAD_TIME_DAYS = 7
HORIZON_DAYS = 14
"""What is ordered lasts so long beyond the reorder point."""
SERVICE_LEVEL = 0.95


@dataclass(frozen=True)
class Forecast:
    """What a SKU is expected to sell."""

    sku: str
    units: Sequence[float]
    """On each day of the horizon."""
    reorder_point: int

    @property
    def daily(self) -> float:
        """The mean of a day."""
        return sum(self.units) / len(self.units)


@dataclass(frozen=True)
class Advice:
    """What to do about a SKU."""

    forecast: Forecast
    on_hand: int

    @property
    def order(self) -> int:
        """Units to order; 0 when there is enough."""
        if self.on_hand > self.forecast.reorder_point:
            return 0
        wanted = self.forecast.reorder_point + sum(self.forecast.units)
        return math.ceil(wanted - self.on_hand)


async def forecast(
    client: Client,
    first_day: date,
    histories: Mapping[str, Sequence[float]],
    promotions: Mapping[str, Sequence[str]],
) -> list[Forecast]:
    """Return the forecast of each SKU.

    Args:
        client: of model_service.
        first_day: of all histories.
        histories: units sold each day, by SKU.
        promotions: days of promotions, past and planned, by SKU.

    Raises:
        DevError: model_service refuses.
    """
    series = [
        {
            "sku": sku,
            "first_day": first_day.isoformat(),
            "units": list(units),
            "promotions": list(promotions.get(sku, ())),
            "lead_time_days": LEAD_TIME_DAYS,
            "service_level": SERVICE_LEVEL,
        }
        for sku, units in histories.items()
    ]
    try:
        answer = await client.post(
            "/v1/models/demand/forecast", {"horizon_days": HORIZON_DAYS, "series": series}
        )
    except NoAnswerError as error:
        raise DevError(f"model_service does not answer: {error}") from error
    if answer.status != HTTPStatus.OK:
        raise DevError(f"model_service answers {answer}: {answer.body.decode()[:1000]}")
    return [
        Forecast(one["sku"], one["units"], one["reorder_point"])
        for one in answer.document["forecasts"]
    ]


def advise(forecasts: Sequence[Forecast], levels: Mapping[str, Level]) -> list[Advice]:
    """Return what to do about each SKU that is forecast: nothing is on order yet."""
    return [Advice(one, levels.get(one.sku, Level()).on_hand) for one in forecasts]
