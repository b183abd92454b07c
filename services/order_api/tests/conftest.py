"""One DynamoDB Local for the target; for each test own tables, a service and a processor to
script."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import httpx
import pytest
from aiohttp.test_utils import TestServer
from pydantic import HttpUrl

from libs.dynamo.testing import CREDENTIALS, fresh_tables
from services.order_api.app import build_app
from services.order_api.settings import Settings
from services.order_api.tables import TABLES
from services.order_api.tests.scripted_processor import ScriptedProcessor
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
        httpx.AsyncClient(transport=transport, base_url="http://order-api") as client,
    ):
        yield client


@asynccontextmanager
async def scripted_processor() -> AsyncIterator[ScriptedProcessor]:
    """Yield a running processor that holds every order's stock until the test says otherwise."""
    scripted = ScriptedProcessor()
    async with TestServer(scripted.application()) as server:
        scripted.url = str(server.make_url("/"))
        yield scripted


@asynccontextmanager
async def new_service(
    dynamodb: str, processor: ScriptedProcessor, *, processor_timeout_seconds: float = 5
) -> AsyncIterator[httpx.AsyncClient]:
    """Yield a client of a service whose table is new and empty."""
    async with fresh_tables(dynamodb, TABLES) as (_, names):
        settings = Settings(
            dynamodb_endpoint=HttpUrl(dynamodb),
            orders_table=names["orders"],
            order_processor_url=HttpUrl(processor.url),
            processor_timeout_seconds=processor_timeout_seconds,
            probe_timeout_seconds=10,
        )
        async with serving(settings) as client:
            yield client


@pytest.fixture
async def processor() -> AsyncIterator[ScriptedProcessor]:
    """A processor of the test's own."""
    async with scripted_processor() as scripted:
        yield scripted


@pytest.fixture
async def impatient(
    dynamodb: str, processor: ScriptedProcessor
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a service that waits for the processor for a moment only."""
    async with new_service(dynamodb, processor, processor_timeout_seconds=0.1) as client:
        yield client


@pytest.fixture
async def client(dynamodb: str, processor: ScriptedProcessor) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a service of the test's own."""
    async with new_service(dynamodb, processor) as client:
        yield client


@pytest.fixture(scope="session")
async def refusing(dynamodb: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client for requests that must leave nothing behind, which is checked after the last one.

    One service for all of them: a table for each takes longer than the refusal.
    """
    async with scripted_processor() as processor, new_service(dynamodb, processor) as client:
        yield client
        page = (await client.get("/v1/orders", params={"customer_id": "ann"})).json()
        assert page["orders"] == []
        assert processor.reserved == []
