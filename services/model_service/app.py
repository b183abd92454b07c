"""model_service: forecasts demand and says when to reorder."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from libs.service_kit import Dependency, Metrics, create_app, periodic
from services.model_service.endpoints import predicting, router
from services.model_service.models import Models
from services.model_service.settings import BUILT_IN, Settings


def build_app(settings: Settings) -> FastAPI:
    """Return the application; it reads its models when its lifespan starts."""
    metrics = Metrics()
    models = Models(settings.models_folder or BUILT_IN, registry=metrics.registry)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.models = models

        async def refresh() -> None:
            await asyncio.to_thread(models.refresh)

        await refresh()
        async with periodic("refresh_models", refresh, seconds=settings.models_poll_seconds):
            yield

    return create_app(
        "model_service",
        summary="Forecasts demand and says when to reorder.",
        settings=settings,
        routers=[predicting, router],
        lifespan=lifespan,
        dependencies=[
            Dependency("models", models.probe_active),
            Dependency("models_folder", models.probe_folder, required=False),
        ],
        metrics=metrics,
    )


app = build_app(Settings())
