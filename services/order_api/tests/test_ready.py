"""Readiness: the orders table is needed, the processor is not."""

import httpx
from aiohttp.test_utils import unused_port
from pydantic import HttpUrl

from libs.dynamo.testing import fresh_tables
from libs.service_kit.testing_problems import problem
from services.order_api.settings import Settings
from services.order_api.tables import TABLES
from services.order_api.tests.conftest import serving
from services.order_api.tests.helpers import place


async def test_ready_says_that_all_dependencies_answer(client: httpx.AsyncClient) -> None:
    response = await client.get("/ready")
    assert response.status_code == 200
    assert response.json() == {
        "status": "ready",
        "dependencies": {"dynamodb": "ok", "order_processor": "ok"},
    }


async def test_without_the_processor_it_is_degraded_and_keeps_orders_pending(
    dynamodb: str,
) -> None:
    async with fresh_tables(dynamodb, TABLES) as (_, names):
        settings = Settings(
            dynamodb_endpoint=HttpUrl(dynamodb),
            orders_table=names["orders"],
            order_events_table=names["order_events"],
            order_processor_url=HttpUrl(f"http://127.0.0.1:{unused_port()}"),
        )
        async with serving(settings) as client:
            response = await client.get("/ready")
            assert response.status_code == 200
            assert response.json()["status"] == "degraded"
            assert response.json()["dependencies"]["dynamodb"] == "ok"
            assert response.json()["dependencies"]["order_processor"] != "ok"
            assert (await place(client)).json()["status"] == "PENDING"


async def test_without_the_table_it_is_not_ready(dynamodb: str) -> None:
    settings = Settings(dynamodb_endpoint=HttpUrl(dynamodb), orders_table="not-made")
    async with serving(settings) as client:
        response = await client.get("/ready")
        assert response.status_code == 503
        assert problem(response)["kind"] == "not-ready"
        assert "dynamodb" in problem(response)["detail"]
        placed = await place(client)
        assert placed.status_code == 503
        assert problem(placed)["kind"] == "storage-unavailable"


async def test_metrics_count_orders_by_state(client: httpx.AsyncClient) -> None:
    await place(client)
    page = (await client.get("/metrics")).text
    assert 'orders_total{status="CONFIRMED"} 1.0' in page
    assert 'http_requests_total{method="POST",route="/v1/orders",status="201"} 1.0' in page
