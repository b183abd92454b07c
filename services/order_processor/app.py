"""order_processor: holds stock for orders and never promises a unit twice."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from libs.dynamo import ConflictError, TableMissingError, ThrottledError, UnavailableError, connect
from libs.service_kit import Dependency, Metrics, create_app
from services.order_processor.endpoints import router
from services.order_processor.inventory import Inventory
from services.order_processor.reservations import Reservations
from services.order_processor.settings import Settings


def build_app(settings: Settings) -> FastAPI:
    """Return the application; it connects when its lifespan starts."""
    metrics = Metrics()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with connect(settings) as dynamo:
            app.state.inventory = Inventory(dynamo, table=settings.inventory_table)
            app.state.reservations = Reservations(
                dynamo,
                app.state.inventory,
                table=settings.reservations_table,
                registry=metrics.registry,
            )
            yield

    async def probe_dynamodb() -> None:
        await asyncio.gather(app.state.inventory.probe(), app.state.reservations.probe())

    app = create_app(
        "order_processor",
        summary="Holds stock for orders and never promises a unit twice.",
        settings=settings,
        routers=[router],
        lifespan=lifespan,
        dependencies=[Dependency("dynamodb", probe_dynamodb)],
        storage_errors=[UnavailableError, ConflictError, ThrottledError, TableMissingError],
        metrics=metrics,
    )
    return app


app = build_app(Settings())
