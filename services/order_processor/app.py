"""order_processor: holds stock for orders and never promises a unit twice."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from fastapi import FastAPI

from libs.dynamo import ConflictError, TableMissingError, ThrottledError, UnavailableError, connect
from libs.outbox import relaying
from libs.service_kit import Dependency, Metrics, client_span, create_app, periodic
from services.order_processor.endpoints import reserving, router
from services.order_processor.expiry import expire_reservations
from services.order_processor.inventory import Inventory
from services.order_processor.reservations import Reservations
from services.order_processor.settings import Settings


def build_app(settings: Settings) -> FastAPI:
    """Return the application; it connects when its lifespan starts."""
    metrics = Metrics()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            dynamo = await stack.enter_async_context(connect(settings, span=client_span))
            relay = await stack.enter_async_context(
                relaying(
                    dynamo,
                    settings,
                    table=settings.stock_events_table,
                    registry=metrics.registry,
                )
            )
            app.state.inventory = Inventory(
                dynamo,
                table=settings.inventory_table,
                events_table=settings.stock_events_table,
                written=relay.nudge,
            )
            app.state.reservations = reservations = Reservations(
                dynamo,
                app.state.inventory,
                table=settings.reservations_table,
                events_table=settings.stock_events_table,
                written=relay.nudge,
                lifetime_seconds=settings.reservation_lifetime_seconds,
                registry=metrics.registry,
            )
            await stack.enter_async_context(
                periodic(
                    "expire_reservations",
                    lambda: expire_reservations(reservations),
                    seconds=settings.reconcile_seconds,
                )
            )
            yield

    async def probe_dynamodb() -> None:
        await asyncio.gather(app.state.inventory.probe(), app.state.reservations.probe())

    app = create_app(
        "order_processor",
        summary="Holds stock for orders and never promises a unit twice.",
        settings=settings,
        routers=[reserving, router],
        lifespan=lifespan,
        dependencies=[Dependency("dynamodb", probe_dynamodb)],
        storage_errors=[UnavailableError, ConflictError, ThrottledError, TableMissingError],
        metrics=metrics,
    )
    return app


app = build_app(Settings())
