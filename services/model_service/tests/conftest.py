"""The trained models, and a service with a folder of models of its own for each test."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from services.model_service.app import build_app
from services.model_service.settings import BUILT_IN, Settings
from services.model_service.tests.helpers import train_into

_SOON = 0.02


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the models: those of the build where there is one, else trained here."""
    if BUILT_IN.is_dir():
        return BUILT_IN
    folder = tmp_path_factory.mktemp("trained")
    train_into(folder)
    return folder


@pytest.fixture
def models_folder(trained: Path, tmp_path: Path) -> Path:
    """A copy of the trained models that a test may change."""
    folder = tmp_path / "models"
    for file in trained.rglob("*"):
        if file.is_file():
            copy = folder / file.relative_to(trained)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, copy)  # without its mode: what a build makes is read-only
    return folder


@asynccontextmanager
async def serving(folder: Path) -> AsyncIterator[httpx.AsyncClient]:
    """Yield a client of a service that looks at `folder` all the time."""
    app = build_app(Settings(models_folder=folder, models_poll_seconds=_SOON))
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://model-service") as client,
    ):
        yield client


@pytest.fixture
async def client(models_folder: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a service with the trained models."""
    async with serving(models_folder) as client:
        yield client
