"""collector: collects records from APIs, databases and files, in jobs that survive what fails."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from libs.service_kit import Dependency, Metrics, StartError, create_app, get_logger, periodic
from services.collector.clients import Clients
from services.collector.collecting import AttemptLimits
from services.collector.data_folder import make_data_folder
from services.collector.database import Database, open_database
from services.collector.deliveries import InProcessDeliveries
from services.collector.endpoints import guarded, router
from services.collector.job_service import JobService
from services.collector.job_store import JobStore, Limits
from services.collector.leases import Leases
from services.collector.results import Results
from services.collector.schema import check_revision, migrate_up
from services.collector.settings import Settings
from services.collector.site_opener import SiteOpener
from services.collector.sites import load_sites
from services.collector.storage_errors import SchemaError, StorageUnavailableError
from services.collector.upkeep import Upkeep
from services.collector.worker import Worker

if TYPE_CHECKING:
    from services.collector.redis_deliveries import RedisDeliveries

log = get_logger(__name__)

_COUNT_SECONDS = 30.0
_PRUNE_SECONDS = 3_600.0
_PAUSE_SECONDS = 1.0


def build_app(settings: Settings) -> FastAPI:
    """Return the application; it connects, and works if it is to, while its lifespan lasts."""
    metrics = Metrics()
    sites = load_sites(settings.sources_file)
    clients = Clients.read(settings.clients_file) if settings.clients_file else None
    redis = _redis(settings, metrics.registry)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        if clients is None and settings.role != "worker":
            log.warning("anybody_may_ask", advice="set CLIENTS_FILE to have clients show tokens")
        async with AsyncExitStack() as stack:
            app.state.database = database = await stack.enter_async_context(_storage(settings))
            store = JobStore(database)
            upkeep = Upkeep(
                store, retention_days=settings.retention_days, registry=metrics.registry
            )
            counting = await stack.enter_async_context(
                periodic("count_jobs", upkeep.count, seconds=_COUNT_SECONDS)
            )
            counting.nudge()
            if redis:
                await stack.enter_async_context(redis.sending())
            deliveries = redis or InProcessDeliveries()
            app.state.jobs = JobService(
                store,
                Results(database),
                deliveries,
                sites=sites,
                limits=Limits(
                    active_per_client=settings.max_active_jobs_per_client,
                    per_minute_per_client=settings.max_jobs_per_minute_per_client,
                    queued=settings.max_queued_jobs,
                ),
                max_downloads=settings.max_concurrent_downloads,
            )
            if settings.role != "api":
                await stack.enter_async_context(
                    periodic("prune_jobs", upkeep.prune, seconds=_PRUNE_SECONDS)
                )
                worker = Worker(
                    Leases(database),
                    deliveries,
                    opener=SiteOpener(sites),
                    limits=AttemptLimits(
                        lease_seconds=settings.lease_seconds,
                        attempt_seconds=settings.job_timeout_seconds,
                        max_attempts=settings.max_attempts,
                    ),
                    concurrency=settings.worker_concurrency,
                    poll_seconds=settings.poll_seconds,
                    registry=metrics.registry,
                )
                await stack.enter_async_context(worker.running())
            yield

    async def probe_database() -> None:
        await app.state.database.probe()

    dependencies = [Dependency("database", probe_database)]
    if redis:
        # Without it jobs begin some seconds later: no reason to take none at all.
        dependencies.append(Dependency("redis", redis.probe, required=False))
    routes = [] if settings.role == "worker" else [guarded(router) if clients else router]
    app = create_app(
        "collector",
        summary="Collects records from APIs, databases and files, in jobs that survive what fails.",
        settings=settings,
        routers=routes,
        lifespan=lifespan,
        dependencies=dependencies,
        storage_errors=[StorageUnavailableError],
        metrics=metrics,
    )
    app.state.clients = clients
    app.state.download_timeout_seconds = settings.download_timeout_seconds
    return app


@asynccontextmanager
async def _storage(settings: Settings) -> AsyncIterator[Database]:
    """Yield the database, with tables that this version can use."""
    if settings.is_embedded:
        make_data_folder(settings)
    async with open_database(
        settings.storage_url, pool_size=settings.database_pool_size
    ) as database:
        try:
            if settings.is_embedded:
                await migrate_up(database)
            else:
                await _check_soon(database, settings.database_wait_seconds)
        except (SchemaError, StorageUnavailableError) as error:
            raise StartError(str(error)) from error
        yield database


async def _check_soon(database: Database, seconds: float) -> None:
    """Check the tables as soon as the database answers, which it has `seconds` to do."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    while True:
        try:
            await check_revision(database)
        except StorageUnavailableError as error:
            if loop.time() >= end:
                raise
            log.warning("database_awaited", problem=str(error))
            await asyncio.sleep(_PAUSE_SECONDS)
        else:
            return


def _redis(settings: Settings, registry: CollectorRegistry) -> "RedisDeliveries | None":
    if settings.redis_url is None:
        return None
    # Here, because streaQ and its client are a quarter of the time of a start without them.
    from services.collector.redis_deliveries import RedisDeliveries

    return RedisDeliveries(
        settings.redis_url.get_secret_value(),
        concurrency=settings.worker_concurrency,
        registry=registry,
    )


app = build_app(Settings())
