"""Forecasts and reorder points over HTTP."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from libs.service_kit.testing_problems import problem
from services.model_service.features import MAX_HORIZON_DAYS
from services.model_service.messages import MAX_SERIES
from services.model_service.tests.conftest import serving
from services.model_service.tests.helpers import (
    FORECAST,
    MONDAY,
    PREDICT,
    WEEK,
    put_version,
    reciprocal_model,
    series,
)


async def _forecast(client: httpx.AsyncClient, **body: Any) -> list[dict[str, Any]]:
    response = await client.post(FORECAST, json=body)
    assert response.status_code == 200, response.text
    assert (response.json()["model"], response.json()["version"]) == ("demand", "2")
    forecasts: list[dict[str, Any]] = response.json()["forecasts"]
    return forecasts


async def test_a_forecast_goes_on_where_the_history_ends(client: httpx.AsyncClient) -> None:
    (forecast,) = await _forecast(client, series=[series()], horizon_days=14)
    assert forecast["sku"] == "kettle"
    assert forecast["first_day"] == str(date.fromisoformat(MONDAY) + timedelta(56))
    assert len(forecast["units"]) == 14
    assert forecast["units"][:7] == pytest.approx(WEEK, rel=0.3, abs=3)


async def test_the_week_and_the_promotions_are_in_the_forecast(client: httpx.AsyncClient) -> None:
    day = str(date.fromisoformat(MONDAY) + timedelta(57))
    usual, promoted = await _forecast(
        client, series=[series(), series(promotions=[day, "1999-01-01"])], horizon_days=7
    )
    assert min(usual["units"]) == usual["units"][6]
    assert promoted["units"][1] > 1.2 * usual["units"][1]
    assert promoted["units"][:1] + promoted["units"][2:] == (
        usual["units"][:1] + usual["units"][2:]
    )


async def test_a_forecast_is_what_predict_says_of_its_days(client: httpx.AsyncClient) -> None:
    (forecast,) = await _forecast(client, series=[series(units=[12] * 56)], horizon_days=3)
    rows = [
        {f"mean_{days}": 12.0 for days in (7, 28, 56)}
        | {"same_weekday_mean": 12, "weekday": day, "days_ahead": day + 1, "promotion": 0}
        for day in range(3)
    ]
    predicted = (await client.post(PREDICT, json={"rows": rows})).json()["predictions"]
    assert forecast["units"] == pytest.approx(predicted, abs=1e-3)


async def test_the_reorder_point_is_demand_and_safety_stock(client: httpx.AsyncClient) -> None:
    short, long, safe, even = await _forecast(
        client,
        series=[
            series(lead_time_days=2),
            series(lead_time_days=MAX_HORIZON_DAYS),
            series(lead_time_days=2, service_level=0.999),
            series(lead_time_days=2, service_level=0.5),
        ],
        horizon_days=2,
    )
    for forecast in (short, long, safe, even):
        assert len(forecast["units"]) == 2
        exact = forecast["lead_time_demand"] + forecast["safety_stock"]
        assert exact - 0.01 <= forecast["reorder_point"] < exact + 1.01
    assert short["lead_time_demand"] == pytest.approx(sum(short["units"]), abs=0.01)
    assert long["lead_time_demand"] > 20 * short["lead_time_demand"]
    assert safe["safety_stock"] > short["safety_stock"] > even["safety_stock"] == 0
    assert (short["lead_time_days"], short["service_level"]) == (2, 0.95)


async def test_a_whole_number_may_be_written_with_a_point(client: httpx.AsyncClient) -> None:
    written = await _forecast(client, series=[series(lead_time_days=3.0)], horizon_days=7.0)
    assert written == await _forecast(client, series=[series(lead_time_days=3)], horizon_days=7)


async def test_a_sku_that_sells_nothing_needs_next_to_nothing(client: httpx.AsyncClient) -> None:
    (forecast,) = await _forecast(client, series=[series(units=[0] * 56)])
    assert sum(forecast["units"]) < 3
    assert forecast["reorder_point"] <= 6


async def test_many_series_get_the_same_as_each_alone(client: httpx.AsyncClient) -> None:
    source = np.random.default_rng(1)
    many = [
        series(sku=f"sku-{number}", units=source.poisson(9, 60).tolist(), lead_time_days=1 + number)
        for number in range(12)
    ]
    together = await _forecast(client, series=many, horizon_days=5)
    alone = [(await _forecast(client, series=[one], horizon_days=5))[0] for one in many]
    for one, other in zip(together, alone, strict=True):
        units, same = one.pop("units"), other.pop("units")
        assert units == pytest.approx(same, abs=0.002)
        assert abs(one.pop("reorder_point") - other.pop("reorder_point")) <= 1
        assert one == {key: pytest.approx(value, abs=0.01) if isinstance(value, float) else value
                       for key, value in other.items()}  # fmt: skip


async def test_as_many_series_as_allowed_are_forecast(client: httpx.AsyncClient) -> None:
    forecasts = await _forecast(client, series=[series()] * MAX_SERIES, horizon_days=28)
    assert len(forecasts) == MAX_SERIES


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"units": WEEK * 7}, "units"),
        ({"units": [1] * 1_101}, "units"),
        ({"units": [1] * 55 + [-1]}, "units/55"),
        ({"units": [1] * 55 + ["1"]}, "units/55"),
        ({"units": [1] * 55 + [None]}, "units/55"),
        ({"sku": "-A"}, "sku"),
        ({"first_day": "2026-02-30"}, "first_day"),
        ({"first_day": 0}, "first_day"),
        ({"first_day": "2026-01-05T00:00:00"}, "first_day"),
        ({"first_day": "9999-12-31"}, "first_day"),
        ({"promotions": ["soon"]}, "promotions/0"),
        ({"lead_time_days": 0}, "lead_time_days"),
        ({"lead_time_days": 57}, "lead_time_days"),
        ({"lead_time_days": 1.5}, "lead_time_days"),
        ({"service_level": 1}, "service_level"),
        ({"service_level": 0.4}, "service_level"),
        ({"price": 1}, "price"),
    ],
)
async def test_a_series_that_is_none_is_named(
    client: httpx.AsyncClient, changes: dict[str, Any], pointer: str
) -> None:
    response = await client.post(FORECAST, json={"series": [series(), series(**changes)]})
    assert response.status_code == 422
    assert problem(response)["errors"][0]["pointer"] == f"#/series/1/{pointer}"


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"series": []}, "#/series"),
        ({"series": [series()] * (MAX_SERIES + 1)}, "#/series"),
        ({"series": [series()], "horizon_days": 57}, "#/horizon_days"),
        ({"series": [series()], "horizon_days": "7"}, "#/horizon_days"),
        ({}, "#/series"),
    ],
)
async def test_a_body_of_another_shape_is_refused(
    client: httpx.AsyncClient, body: object, pointer: str
) -> None:
    response = await client.post(FORECAST, json=body)
    assert response.status_code == 422
    assert problem(response)["errors"][0]["pointer"] == pointer


async def test_a_series_without_a_finite_forecast_is_named(models_folder: Path) -> None:
    demand = models_folder / "demand"
    put_version(demand, "3", reciprocal_model(), like=demand / "2", golden=(4.0, 0.25))
    async with serving(models_folder) as client:
        body = {"series": [series(lead_time_days=20), series(units=[0] * 56)], "horizon_days": 3}
        response = await client.post(f"{FORECAST}?version=3", json=body)
    assert response.status_code == 422
    assert problem(response)["kind"] == "no-finite-prediction"
    assert problem(response)["errors"][0]["pointer"] == "#/series/1"
