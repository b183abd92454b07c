"""DynamoDB Local and both services as processes, as `//:up` and production run them."""

import asyncio
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

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
    order_api_environment: dict[str, str]
    order_processor: Service
    order_api: Service
    stock: httpx.Client
    orders: httpx.Client

    def place(
        self,
        customer: str,
        lines: dict[str, int],
        key: str,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """Place an order, given as SKU -> quantity."""
        body = {
            "customer_id": customer,
            "lines": [{"sku": sku, "quantity": units} for sku, units in lines.items()],
        }
        sent = {"Idempotency-Key": key, **(headers or {})}
        return self.orders.post("/v1/orders", json=body, headers=sent)

    def patiently_place(self, customer: str, lines: dict[str, int], key: str) -> httpx.Response:
        """Place an order, and come again while its first request is taken for under way."""
        while True:
            answer = self.place(customer, lines, key)
            if answer.json().get("type") != "urn:granary:problem:request-in-flight":
                return answer
            time.sleep(float(answer.headers["retry-after"]))

    def settled(self, location: str) -> dict[str, Any]:
        """Return an order once it is decided."""
        return self.reached(location, "CONFIRMED", "REJECTED")

    def reached(self, location: str, *states: str) -> dict[str, Any]:
        """Return an order once it is in one of the states; the test's time is the limit."""
        while True:
            order: dict[str, Any] = self.orders.get(location).raise_for_status().json()
            if order["status"] in states:
                return order
            time.sleep(0.1)

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
            **{f"{table.upper()}_TABLE": name for table, name in names.items()},
            "DRAIN_DELAY_SECONDS": "0.1",
            "FAILURE_SWITCHES": "true",
            "RECONCILE_SECONDS": "0.5",
            # Patient, so that a busy machine fails no test.
            "DYNAMODB_TIMEOUT_SECONDS": "20",
            "PROBE_TIMEOUT_SECONDS": "20",
        }


PATIENT = {
    "REQUEST_TIMEOUT_SECONDS": "60",
    "PROCESSOR_TIMEOUT_SECONDS": "40",
    "IDEMPOTENCY_LEASE_SECONDS": "120",
}
# What a killed process leaves is settled after its lease, and tests wait for that.
BRISK = {
    "REQUEST_TIMEOUT_SECONDS": "4",
    "PROCESSOR_TIMEOUT_SECONDS": "2",
    "IDEMPOTENCY_LEASE_SECONDS": "4.5",
}


@pytest.fixture
def platform(environment: dict[str, str]) -> Iterator[Platform]:
    """Both services, running, with more time for everything than a busy machine needs."""
    with running_platform(environment | PATIENT) as platform:
        yield platform


@pytest.fixture
def brisk(environment: dict[str, str]) -> Iterator[Platform]:
    """Both services, running, with short times for everything."""
    with running_platform(environment | BRISK) as platform:
        yield platform


@contextmanager
def running_platform(environment: dict[str, str]) -> Iterator[Platform]:
    """Run both services while the context lasts."""
    with running(ORDER_PROCESSOR, **environment) as order_processor:
        wired = environment | {"ORDER_PROCESSOR_URL": order_processor.url}
        with (
            running(ORDER_API, **wired) as order_api,
            httpx.Client(base_url=order_processor.url, timeout=90) as stock,
            httpx.Client(base_url=order_api.url, timeout=90) as orders,
        ):
            yield Platform(environment, wired, order_processor, order_api, stock, orders)


async def _make_tables(endpoint: str) -> dict[str, str]:
    async with fresh_tables(endpoint, ORDER_TABLES | PROCESSOR_TABLES) as (_, names):
        return names
