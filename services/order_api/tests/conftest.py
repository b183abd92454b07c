"""One DynamoDB Local for the target; for each test own tables, a service and a processor to
script."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
import pytest
from aiohttp.test_utils import TestServer
from fastapi import FastAPI
from pydantic import HttpUrl

from libs.dynamo import Dynamo
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


@dataclass(frozen=True)
class Deployment:
    """A service, and the data behind it."""

    app: FastAPI
    client: httpx.AsyncClient
    dynamo: Dynamo
    orders_table: str
    events_table: str


@asynccontextmanager
async def running(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """Yield a client of the service, started."""
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://order-api") as client,
    ):
        yield client


@asynccontextmanager
async def serving(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """Yield a client of the service, started with `settings`."""
    async with running(build_app(settings)) as client:
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
) -> AsyncIterator[Deployment]:
    """Yield a service whose tables are new and empty, and whose reconciler does not run."""
    async with fresh_tables(dynamodb, TABLES) as (dynamo, names):
        app = build_app(
            Settings(
                dynamodb_endpoint=HttpUrl(dynamodb),
                orders_table=names["orders"],
                order_events_table=names["order_events"],
                order_processor_url=HttpUrl(processor.url),
                processor_timeout_seconds=processor_timeout_seconds,
                probe_timeout_seconds=10,
                reconcile_seconds=3_600,
            )
        )
        async with running(app) as client:
            yield Deployment(app, client, dynamo, names["orders"], names["order_events"])


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
    async with new_service(dynamodb, processor, processor_timeout_seconds=0.1) as deployment:
        yield deployment.client


@pytest.fixture
async def deployment(dynamodb: str, processor: ScriptedProcessor) -> AsyncIterator[Deployment]:
    """A service of the test's own."""
    async with new_service(dynamodb, processor) as deployment:
        yield deployment


@pytest.fixture
def client(deployment: Deployment) -> httpx.AsyncClient:
    """A client of a service of the test's own."""
    return deployment.client


@pytest.fixture(scope="session")
async def refusing(dynamodb: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client for requests that must leave nothing behind, which is checked after the last one.

    One service for all of them: a table for each takes longer than the refusal.
    """
    async with scripted_processor() as processor, new_service(dynamodb, processor) as deployment:
        client = deployment.client
        yield client
        page = (await client.get("/v1/orders", params={"customer_id": "ann"})).json()
        assert page["orders"] == []
        assert processor.reserved == []
