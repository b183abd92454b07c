"""A service for each test, in-process."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from services.data_processor.app import build_app
from services.data_processor.settings import Settings


@asynccontextmanager
async def serving(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """Yield a client of the service, started with `settings`."""
    app = build_app(settings)
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://data-processor") as client,
    ):
        yield client


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    """A client of a service with the default settings."""
    async with serving(Settings()) as client:
        yield client
