"""A collector as a first run has it, embedded in one process, and a site that it may reach."""

import json
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, Protocol

import httpx
import pytest
from fastapi import FastAPI

from services.collector.app import build_app
from services.collector.settings import Settings
from services.collector.tests.service.scripted_api import ScriptedApi, scripted_api


class Site:
    """Folders and the file of sources."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "data"
        self.exports = folder / "exports"
        self.exports.mkdir()
        self.sources = folder / "sources.json"
        self.sources.write_text(
            json.dumps({"files": {"exports": str(self.exports)}, "networks": ["127.0.0.0/8"]})
        )

    def export(self, name: str, rows: int) -> None:
        """Write a CSV file of so many records."""
        lines = [f"s{number},APPLE,{number}\n" for number in range(rows)]
        (self.exports / name).write_text("".join(["id,sku,quantity\n", *lines]))


class Serving(Protocol):
    """Runs a service with the site's settings and those that a test chooses."""

    def __call__(self, **settings: Any) -> AbstractAsyncContextManager[httpx.AsyncClient]: ...


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A site with one file to collect."""
    site = Site(tmp_path)
    site.export("sales.csv", rows=7)
    return site


@pytest.fixture
async def api() -> AsyncIterator[ScriptedApi]:
    """An API that the site may reach."""
    async with scripted_api() as api:
        yield api


@asynccontextmanager
async def running(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """Yield a client of the service, started."""
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://collector", timeout=60) as client,
    ):
        yield client


@pytest.fixture
def serving(site: Site) -> Serving:
    """What runs services of the site."""

    def serve(**settings: Any) -> AbstractAsyncContextManager[httpx.AsyncClient]:
        # Patient where a busy machine may be slow, brisk where a test would wait.
        usual = {
            "data_dir": site.data,
            "sources_file": site.sources,
            "request_timeout_seconds": 60,
            "probe_timeout_seconds": 20,
            "poll_seconds": 0.2,
            "lease_seconds": 3,
        }
        return running(build_app(Settings(**{**usual, **settings})))

    return serve


@pytest.fixture
async def client(serving: Serving) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a service of the test's own."""
    async with serving() as client:
        yield client
