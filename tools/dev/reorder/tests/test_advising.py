"""What is at its reorder point is reordered, and nothing else."""

from __future__ import annotations

from datetime import date
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from tools.dev.client import Client
from tools.dev.errors import DevError
from tools.dev.reorder.advising import Advice, Forecast, advise, forecast
from tools.dev.stock import Level
from tools.dev.tests.scripted_service import problem, service

MUG = Forecast("mug", [2.0, 2.5], reorder_point=20)


@pytest.mark.parametrize(("on_hand", "order"), [(21, 0), (20, 5), (3, 22), (0, 25)])
def test_an_order_fills_up_to_the_reorder_point_and_what_is_sold_beyond(
    on_hand: int, order: int
) -> None:
    assert Advice(MUG, on_hand).order == order


def test_stock_that_nobody_knows_is_none() -> None:
    kettle = Forecast("kettle", [1.0], reorder_point=0)
    advice = advise([MUG, kettle], {"mug": Level(on_hand=30, reserved=5)})
    assert [(one.forecast.sku, one.on_hand) for one in advice] == [("mug", 30), ("kettle", 0)]


def test_a_forecast_tells_of_a_day() -> None:
    assert MUG.daily == 2.25


async def test_histories_are_sent_with_their_promotions() -> None:
    asked: list[Any] = []

    async def handle(request: web.Request) -> web.StreamResponse:
        asked.append(await request.json())
        return web.json_response(
            {"forecasts": [{"sku": "mug", "units": [2.0, 2.5], "reorder_point": 20}]}
        )

    async with service(handle) as address, aiohttp.ClientSession(address) as session:
        forecasts = await forecast(
            Client(session), date(2026, 1, 5), {"mug": [1.0, 0.0]}, {"mug": ["2026-01-07"]}
        )
    assert forecasts == [MUG]
    assert asked[0]["series"] == [
        {
            "sku": "mug",
            "first_day": "2026-01-05",
            "units": [1.0, 0.0],
            "promotions": ["2026-01-07"],
            "lead_time_days": 7,
            "service_level": 0.95,
        }
    ]


async def test_a_refusal_is_shown() -> None:
    async def handle(_: web.Request) -> web.StreamResponse:
        return problem(422, "invalid-request")

    async with service(handle) as address, aiohttp.ClientSession(address) as session:
        with pytest.raises(DevError, match="model_service answers 422 invalid-request"):
            await forecast(Client(session), date(2026, 1, 5), {"mug": [1.0]}, {})
