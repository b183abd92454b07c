"""DynamoDB Local and both services as processes, as `//:up` and production run them."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest

from libs.dynamo.testing import CREDENTIALS, fresh_tables
from libs.service_kit.testing import Service, running
from services.order_api.tables import TABLES as ORDER_TABLES
from services.order_processor.tables import TABLES as PROCESSOR_TABLES
from tools.dynamodb_local.server import start

ORDER_API = "services.order_api.app:app"
ORDER_PROCESSOR = "services.order_processor.app:app"


@dataclass
class Platform:
    """Where both services find their data, and a client of each."""

    environment: dict[str, str]
    order_processor: Service
    order_api: Service
    stock: httpx.Client
    orders: httpx.Client

    def place(self, customer: str, lines: dict[str, int], key: str) -> httpx.Response:
        """Place an order, given as SKU -> quantity."""
        body = {
            "customer_id": customer,
            "lines": [{"sku": sku, "quantity": units} for sku, units in lines.items()],
        }
        return self.orders.post("/v1/orders", json=body, headers={"Idempotency-Key": key})

    def put_stock(self, sku: str, units: int) -> None:
        """Set the units on hand."""
        self.stock.put(f"/v1/inventory/{sku}", json={"on_hand": units}).raise_for_status()

    def levels(self, sku: str) -> tuple[int, int, int]:
        """Return the units on hand, reserved and sold."""
        level = self.stock.get(f"/v1/inventory/{sku}").raise_for_status().json()
        return level["on_hand"], level["reserved"], level["sold"]


@pytest.fixture(scope="session")
def environment() -> Iterator[dict[str, str]]:
    """Environment of services whose tables are made and empty."""
    with start() as db, pytest.MonkeyPatch.context() as patch:
        for name, value in CREDENTIALS.items():
            patch.setenv(name, value)
        names = asyncio.run(_make_tables(db.endpoint))
        yield {
            **CREDENTIALS,
            "DYNAMODB_ENDPOINT": db.endpoint,
            "ORDERS_TABLE": names["orders"],
            "INVENTORY_TABLE": names["inventory"],
            "RESERVATIONS_TABLE": names["reservations"],
            "DRAIN_DELAY_SECONDS": "0.1",
            # Patient, so that a busy machine fails no test.
            "DYNAMODB_TIMEOUT_SECONDS": "20",
            "PROBE_TIMEOUT_SECONDS": "20",
            "REQUEST_TIMEOUT_SECONDS": "60",
        }


@pytest.fixture
def platform(environment: dict[str, str]) -> Iterator[Platform]:
    """Both services, running."""
    with running(ORDER_PROCESSOR, **environment) as order_processor:
        wired = {**environment, "ORDER_PROCESSOR_URL": order_processor.url}
        with (
            running(ORDER_API, **wired, PROCESSOR_TIMEOUT_SECONDS="40") as order_api,
            httpx.Client(base_url=order_processor.url, timeout=90) as stock,
            httpx.Client(base_url=order_api.url, timeout=90) as orders,
        ):
            yield Platform(environment, order_processor, order_api, stock, orders)


async def _make_tables(endpoint: str) -> dict[str, str]:
    async with fresh_tables(endpoint, ORDER_TABLES | PROCESSOR_TABLES) as (_, names):
        return names
