"""order_api: accepts orders, has their stock held, and keeps them."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from fastapi import FastAPI

from libs.dynamo import ConflictError, TableMissingError, ThrottledError, UnavailableError, connect
from libs.outbox import relaying
from libs.service_kit import (
    CircuitBreaker,
    Dependency,
    Metrics,
    client_span,
    create_app,
    periodic,
)
from services.order_api.endpoints import placing, router
from services.order_api.orders import Orders
from services.order_api.processor import open_processor
from services.order_api.reconciler import settle_due_orders
from services.order_api.repository import OrderRepository
from services.order_api.settings import Settings


def build_app(settings: Settings) -> FastAPI:
    """Return the application; it connects when its lifespan starts."""
    metrics = Metrics()
    circuit = CircuitBreaker("order_processor", registry=metrics.registry)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            dynamo = await stack.enter_async_context(connect(settings, span=client_span))
            processor = await stack.enter_async_context(open_processor(settings, circuit=circuit))
            relay = await stack.enter_async_context(
                relaying(
                    dynamo,
                    settings,
                    table=settings.order_events_table,
                    registry=metrics.registry,
                )
            )
            app.state.orders = orders = Orders(
                OrderRepository(
                    dynamo,
                    table=settings.orders_table,
                    events_table=settings.order_events_table,
                    written=relay.nudge,
                ),
                processor,
                lease_seconds=settings.idempotency_lease_seconds,
                registry=metrics.registry,
            )
            await stack.enter_async_context(
                periodic(
                    "settle_due_orders",
                    lambda: settle_due_orders(orders),
                    seconds=settings.reconcile_seconds,
                )
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
        routers=[placing, router],
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
