"""What is no input of a model is refused by row and field, before a model sees it."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from libs.service_kit.testing_problems import problem
from services.model_service.features import FEATURE_NAMES
from services.model_service.messages import MAX_ROWS
from services.model_service.tests.conftest import serving
from services.model_service.tests.helpers import PREDICT, ROW, put_version, reciprocal_model

COLUMNS: dict[str, Any] = {name: [value] * 3 for name, value in ROW.items()}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("mean_7", "12"),
        ("mean_7", True),
        ("mean_7", None),
        ("mean_7", [1]),
        ("mean_7", -0.1),
        ("mean_28", 1_000_001),
        ("mean_56", 10**400),
        ("weekday", 7),
        ("weekday", 1.5),
        ("days_ahead", 0),
        ("days_ahead", 57),
        ("promotion", 2),
    ],
)
async def test_a_value_that_is_none_is_named_by_row_and_field(
    client: httpx.AsyncClient, field: str, value: object
) -> None:
    response = await client.post(PREDICT, json={"rows": [ROW, ROW, ROW | {field: value}]})
    assert response.status_code == 422
    assert problem(response)["kind"] == "validation-failed"
    assert [error["pointer"] for error in problem(response)["errors"]] == [f"#/rows/2/{field}"]
    columns = COLUMNS | {field: [ROW[field], ROW[field], value]}
    response = await client.post(PREDICT, json={"columns": columns})
    assert response.status_code == 422
    assert problem(response)["errors"][0]["pointer"] == f"#/columns/{field}/2"


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999"])
async def test_what_is_no_finite_number_is_named(client: httpx.AsyncClient, text: str) -> None:
    body = json.dumps({"rows": [ROW, ROW | {"mean_28": "@"}]}).replace('"@"', text)
    response = await client.post(
        PREDICT, content=body, headers={"Content-Type": "application/json"}
    )
    assert response.status_code == 422
    assert problem(response)["errors"][0] == {
        "detail": "Input should be a finite number",
        "pointer": "#/rows/1/mean_28",
    }


@pytest.mark.parametrize("missing", FEATURE_NAMES)
async def test_a_missing_feature_is_named(client: httpx.AsyncClient, missing: str) -> None:
    row = {name: value for name, value in ROW.items() if name != missing}
    response = await client.post(PREDICT, json={"rows": [ROW, row]})
    assert response.status_code == 422
    assert problem(response)["errors"][0]["pointer"] == f"#/rows/1/{missing}"


async def test_an_unknown_feature_is_named(client: httpx.AsyncClient) -> None:
    response = await client.post(PREDICT, json={"rows": [ROW | {"price": 1}]})
    assert response.status_code == 422
    assert problem(response)["errors"][0]["pointer"] == "#/rows/0/price"


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "#"),
        ({"rows": None}, "#"),
        ({"rows": [ROW], "columns": COLUMNS}, "#"),
        ({"rows": [ROW], "columns": None}, "#"),
        ({"rows": []}, "#/rows"),
        ({"rows": ROW}, "#/rows"),
        ({"rows": [[1, 2, 3, 4, 5, 6, 7]]}, "#/rows/0"),
        ({"columns": [COLUMNS]}, "#/columns"),
        ({"columns": COLUMNS | {"promotion": [0, 0]}}, "#/columns"),
        ({"columns": COLUMNS | {"promotion": []}}, "#/columns/promotion"),
        ({"columns": COLUMNS | {"promotion": 0}}, "#/columns/promotion"),
        ({"rows": [ROW], "version": "1"}, "#/version"),
        ([ROW], "#"),
    ],
)
async def test_a_body_of_another_shape_is_refused(
    client: httpx.AsyncClient, body: object, pointer: str
) -> None:
    response = await client.post(PREDICT, json=body)
    assert response.status_code == 422
    assert problem(response)["errors"][0]["pointer"] == pointer


async def test_columns_of_unequal_length_are_named(client: httpx.AsyncClient) -> None:
    body = {"columns": COLUMNS | {"weekday": [1, 2, 3, 4]}}
    detail = problem(await client.post(PREDICT, json=body))["detail"]
    assert detail == "#/columns: weekday has 4 values, but mean_7 has 3"


@pytest.mark.parametrize("rows", [MAX_ROWS + 1, 30 * MAX_ROWS])
async def test_too_many_rows_are_refused(client: httpx.AsyncClient, rows: int) -> None:
    columns = {name: [0] * rows for name in FEATURE_NAMES}
    response = await client.post(PREDICT, json={"columns": columns})
    assert response.status_code == (422 if rows < 2 * MAX_ROWS else 413)
    if response.status_code == 422:
        assert problem(response)["errors"][0]["pointer"] == "#/columns/mean_7"
        assert str(MAX_ROWS) in problem(response)["detail"]


async def test_of_many_bad_rows_only_the_first_is_told(client: httpx.AsyncClient) -> None:
    response = await client.post(PREDICT, json={"rows": [{}] * MAX_ROWS})
    assert {error["pointer"].split("/")[2] for error in problem(response)["errors"]} == {"0"}


@pytest.mark.parametrize(
    ("path", "kind", "status"),
    [
        ("/v1/models/supply/predict", "model-not-found", 404),
        ("/v1/models/demand/predict?version=7", "version-not-found", 404),
        ("/v1/models/DEMAND/predict", "validation-failed", 422),
        ("/v1/models/demand/predict?version=..%2F1", "validation-failed", 422),
        ("/v1/models/..%2Fdemand/predict", "route-not-found", 404),
    ],
)
async def test_a_model_that_is_none_is_refused(
    client: httpx.AsyncClient, path: str, kind: str, status: int
) -> None:
    response = await client.post(path, json={"rows": [ROW]})
    assert (problem(response)["kind"], response.status_code) == (kind, status)


async def test_a_row_without_a_finite_prediction_is_named(models_folder: Path) -> None:
    demand = models_folder / "demand"
    put_version(demand, "3", reciprocal_model(), like=demand / "2", golden=(4.0, 0.25))
    async with serving(models_folder) as client:
        rows = [ROW, ROW | {"mean_7": 0}]
        response = await client.post(f"{PREDICT}?version=3", json={"rows": rows})
        assert response.status_code == 422
        assert problem(response)["kind"] == "no-finite-prediction"
        assert problem(response)["errors"][0]["pointer"] == "#/rows/1"
