"""What every route shares: limits, readiness, metrics, refusals by the framework."""

from collections.abc import AsyncIterator

import httpx
import pytest
from aiohttp.test_utils import unused_port
from pydantic import HttpUrl

from libs.dynamo.testing import fresh_tables
from libs.service_kit.testing_problems import problem
from services.order_processor.settings import Settings
from services.order_processor.tables import TABLES
from services.order_processor.tests.conftest import serving
from services.order_processor.tests.helpers import put_stock, reserve


async def test_ready_says_that_the_tables_answer(client: httpx.AsyncClient) -> None:
    response = await client.get("/ready")
    assert response.status_code == 200
    assert response.json() == {"status": "ready", "dependencies": {"dynamodb": "ok"}}


@pytest.fixture(params=["no server", "no table"])
async def stranded(
    request: pytest.FixtureRequest, dynamodb: str
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a service that cannot reach its data."""
    endpoint = f"http://127.0.0.1:{unused_port()}" if request.param == "no server" else dynamodb
    settings = Settings(dynamodb_endpoint=HttpUrl(endpoint), inventory_table="not-made")
    async with serving(settings) as client:
        yield client


async def test_without_its_data_it_lives_but_is_not_ready(stranded: httpx.AsyncClient) -> None:
    assert (await stranded.get("/health")).status_code == 200
    response = await stranded.get("/ready")
    assert response.status_code == 503
    assert problem(response)["kind"] == "not-ready"
    assert "dynamodb" in problem(response)["detail"]
    assert set(problem(response)["dependencies"]) == {"dynamodb"}


async def test_without_its_data_requests_are_to_be_repeated(stranded: httpx.AsyncClient) -> None:
    response = await reserve(stranded, "order-1", {"APPLE": 1})
    assert response.status_code == 503
    assert problem(response)["kind"] == "storage-unavailable"
    assert response.headers["retry-after"] == "1"


async def test_metrics_count_outcomes_and_requests_by_route(client: httpx.AsyncClient) -> None:
    await put_stock(client, "APPLE", 1)
    await reserve(client, "order-1", {"APPLE": 1})
    await reserve(client, "order-2", {"APPLE": 1})
    page = (await client.get("/metrics")).text
    assert 'reservations_total{outcome="held"} 1.0' in page
    assert 'reservations_total{outcome="insufficient-stock"} 1.0' in page
    assert 'route="/v1/inventory/{sku}",status="200"' in page


@pytest.mark.parametrize(
    ("method", "path", "status", "kind"),
    [
        ("GET", "/v1/nothing", 404, "route-not-found"),
        ("GET", "/v1/inventory/A/", 404, "route-not-found"),
        ("GET", "/v1/reservations", 405, "method-not-allowed"),
        ("PATCH", "/v1/inventory/A", 405, "method-not-allowed"),
        ("POST", "/v1/reservations", 415, "unsupported-media-type"),
    ],
)
async def test_the_frameworks_refusals_are_problems(
    client: httpx.AsyncClient, method: str, path: str, status: int, kind: str
) -> None:
    response = await client.request(method, path)
    assert response.status_code == status
    assert problem(response)["kind"] == kind


async def test_a_large_body_is_refused(client: httpx.AsyncClient) -> None:
    response = await client.post("/v1/reservations", content=b" " * 1_000_000)
    assert response.status_code == 413
    assert problem(response)["kind"] == "body-too-large"


async def test_tables_may_have_other_names(dynamodb: str) -> None:
    async with fresh_tables(dynamodb, TABLES) as (dynamo, names):
        settings = Settings(
            dynamodb_endpoint=HttpUrl(dynamodb),
            inventory_table=names["inventory"],
            reservations_table=names["reservations"],
            stock_events_table=names["stock_events"],
        )
        async with serving(settings) as client:
            await put_stock(client, "APPLE", 5)
        item = await dynamo.get(names["inventory"], {"sku": "APPLE"})
        assert item
        assert item["on_hand"] == 5
