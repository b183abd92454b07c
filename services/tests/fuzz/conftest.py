"""Both services as processes, over one DynamoDB Local, with stock to order."""

import asyncio
from collections.abc import Iterator

import httpx
import pytest

from libs.dynamo.testing import CREDENTIALS, fresh_tables
from libs.service_kit.testing import running
from services.order_api.tables import TABLES as ORDER_TABLES
from services.order_processor.tables import TABLES as PROCESSOR_TABLES
from tools.dynamodb_local.server import start

STOCKED = ("APPLE", "PEAR", "PLUM")
PLENTY = 1_000_000_000


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
            # Patient, so that a busy machine fails no test.
            "DYNAMODB_TIMEOUT_SECONDS": "20",
            "IDEMPOTENCY_LEASE_SECONDS": "120",
            "PROBE_TIMEOUT_SECONDS": "20",
            "PROCESSOR_TIMEOUT_SECONDS": "40",
            "REQUEST_TIMEOUT_SECONDS": "60",
        }


@pytest.fixture
def order_processor(environment: dict[str, str]) -> Iterator[str]:
    """Address of a running order_processor that has stock."""
    with running("services.order_processor.app:app", **environment) as service:
        for sku in STOCKED:
            stocked = httpx.put(f"{service.url}/v1/inventory/{sku}", json={"on_hand": PLENTY})
            stocked.raise_for_status()
        yield service.url


@pytest.fixture
def order_api(environment: dict[str, str], order_processor: str) -> Iterator[str]:
    """Address of a running order_api, whose order_processor runs too."""
    wired = environment | {"ORDER_PROCESSOR_URL": order_processor}
    with running("services.order_api.app:app", **wired) as service:
        yield service.url


async def _make_tables(endpoint: str) -> dict[str, str]:
    async with fresh_tables(endpoint, ORDER_TABLES | PROCESSOR_TABLES) as (_, names):
        return names
