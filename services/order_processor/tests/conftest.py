"""One DynamoDB Local for the target, and a service with tables of its own for each test."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import httpx
import pytest
from pydantic import HttpUrl

from libs.dynamo.testing import CREDENTIALS, fresh_tables
from services.order_processor.app import build_app
from services.order_processor.settings import Settings
from services.order_processor.tables import TABLES
from tools.dynamodb_local.server import start


@pytest.fixture(scope="session")
def dynamodb() -> Iterator[str]:
    """Address of a running DynamoDB Local, with credentials in the environment."""
    with start() as db, pytest.MonkeyPatch.context() as patch:
        for name, value in CREDENTIALS.items():
            patch.setenv(name, value)
        yield db.endpoint


@asynccontextmanager
async def serving(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """Yield a client of the service, started with `settings`."""
    app = build_app(settings)
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://order-processor") as client,
    ):
        yield client


@pytest.fixture
async def client(dynamodb: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a service whose tables are new and empty."""
    async with fresh_tables(dynamodb, TABLES) as (_, names):
        settings = Settings(
            dynamodb_endpoint=HttpUrl(dynamodb),
            inventory_table=names["inventory"],
            reservations_table=names["reservations"],
            probe_timeout_seconds=10,
        )
        async with serving(settings) as client:
            yield client
