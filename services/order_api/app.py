"""order_api: accepts orders, has their stock held, and keeps them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from libs.dynamo import ConflictError, TableMissingError, ThrottledError, UnavailableError, connect
from libs.service_kit import Dependency, Metrics, create_app
from services.order_api.endpoints import router
from services.order_api.orders import Orders
from services.order_api.processor import open_processor
from services.order_api.repository import OrderRepository
from services.order_api.settings import Settings


def build_app(settings: Settings) -> FastAPI:
    """Return the application; it connects when its lifespan starts."""
    metrics = Metrics()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with connect(settings) as dynamo, open_processor(settings) as processor:
            app.state.orders = Orders(
                OrderRepository(dynamo, table=settings.orders_table),
                processor,
                registry=metrics.registry,
            )
            yield

    async def probe_dynamodb() -> None:
        await app.state.orders.probe_storage()

    async def probe_order_processor() -> None:
        await app.state.orders.probe_processor()

    app = create_app(
        "order_api",
        summary="Accepts orders, has their stock held, and keeps them.",
        settings=settings,
        routers=[router],
        lifespan=lifespan,
        dependencies=[
            Dependency("dynamodb", probe_dynamodb),
            # Without it orders are still accepted and stay PENDING: no reason to take none at all.
            Dependency("order_processor", probe_order_processor, required=False),
        ],
        storage_errors=[UnavailableError, ConflictError, ThrottledError, TableMissingError],
        metrics=metrics,
    )
    return app


app = build_app(Settings())
