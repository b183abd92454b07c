"""data_processor: cleans and aggregates records of sales and stock."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from libs.service_kit import Metrics, create_app
from services.data_processor.endpoints import files_router, transform_router
from services.data_processor.settings import Settings
from services.data_processor.transforming import Transformer


def build_app(settings: Settings) -> FastAPI:
    """Return the application; it has room for files while its lifespan lasts."""
    metrics = Metrics()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.transformer = transformer = Transformer(settings, metrics.registry)
        try:
            yield
        finally:
            transformer.files.close()

    return create_app(
        "data_processor",
        summary="Cleans and aggregates records of sales and stock.",
        settings=settings,
        routers=[transform_router(max_bytes=settings.max_json_bytes), files_router],
        lifespan=lifespan,
        metrics=metrics,
    )


app = build_app(Settings())
