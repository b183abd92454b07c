"""One DynamoDB Local for the target, and a service with tables of its own for each test."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
import pytest
from fastapi import FastAPI
from pydantic import HttpUrl

from libs.dynamo import Dynamo
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


@dataclass(frozen=True)
class Deployment:
    """A service, and the data behind it."""

    app: FastAPI
    client: httpx.AsyncClient
    dynamo: Dynamo
    names: dict[str, str]
    """Of the tables, by their default names."""


@asynccontextmanager
async def running(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """Yield a client of the service, started."""
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://order-processor") as client,
    ):
        yield client


@asynccontextmanager
async def serving(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """Yield a client of the service, started with `settings`."""
    async with running(build_app(settings)) as client:
        yield client


@asynccontextmanager
async def new_service(
    dynamodb: str, *, reservation_lifetime_seconds: float = 3_600
) -> AsyncIterator[Deployment]:
    """Yield a service whose tables are new and empty, and which expires nothing by itself."""
    async with fresh_tables(dynamodb, TABLES) as (dynamo, names):
        app = build_app(
            Settings(
                dynamodb_endpoint=HttpUrl(dynamodb),
                inventory_table=names["inventory"],
                reservations_table=names["reservations"],
                stock_events_table=names["stock_events"],
                probe_timeout_seconds=10,
                reconcile_seconds=3_600,
                reservation_lifetime_seconds=reservation_lifetime_seconds,
            )
        )
        async with running(app) as client:
            yield Deployment(app, client, dynamo, names)


@pytest.fixture
async def deployment(dynamodb: str) -> AsyncIterator[Deployment]:
    """A service of the test's own."""
    async with new_service(dynamodb) as deployment:
        yield deployment


@pytest.fixture
async def short_lived(dynamodb: str) -> AsyncIterator[Deployment]:
    """A service whose reservations are over as soon as they are made."""
    async with new_service(dynamodb, reservation_lifetime_seconds=0.001) as deployment:
        yield deployment


@pytest.fixture
def client(deployment: Deployment) -> httpx.AsyncClient:
    """A client of a service of the test's own."""
    return deployment.client
