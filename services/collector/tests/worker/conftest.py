"""Workers over SQLite with deliveries in the process, and over PostgreSQL with Redis."""

import gc
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
import pytest_asyncio
from prometheus_client import CollectorRegistry

from services.collector.collecting import AttemptLimits
from services.collector.database import Database
from services.collector.deliveries import Deliveries, InProcessDeliveries
from services.collector.leases import Leases
from services.collector.redis_deliveries import RedisDeliveries
from services.collector.tests.number_source import NumberOpener
from services.collector.worker import Worker
from tools.redis_local.server import RedisLocal
from tools.redis_local.server import start as start_redis

# For tests in which Redis refuses connections: coredis then leaves streams to the collector.
UNCLOSED = pytest.mark.filterwarnings("ignore:Unclosed <MemoryObject:ResourceWarning")

type NewWorker = Callable[..., Worker]


@pytest.fixture(autouse=True)
def _collected() -> Iterator[None]:
    """Have what a test left collected while its own warnings are ignored."""
    yield
    gc.collect()


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisLocal]:
    """A running Redis; whoever kills it restarts it."""
    with start_redis() as server:
        yield server


@pytest.fixture
def redis(redis_server: RedisLocal) -> RedisLocal:
    """A running Redis that holds nothing."""
    redis_server.restart()
    empty(redis_server)
    return redis_server


def empty(redis: RedisLocal) -> None:
    """Leave nothing in Redis, streaQ's functions neither."""
    with socket.create_connection(("127.0.0.1", redis.port)) as connection:
        connection.sendall(b"FLUSHALL\r\nFUNCTION FLUSH\r\n")
        with connection.makefile("rb") as answers:
            assert [b"+OK\r\n"] * 2 == [answers.readline(), answers.readline()]


@pytest.fixture
def redis_url(request: pytest.FixtureRequest, database_url: str) -> str | None:
    """Address of the Redis that goes with the database, if one does."""
    if database_url.startswith("sqlite"):
        return None
    redis: RedisLocal = request.getfixturevalue("redis")
    return redis.url


@pytest_asyncio.fixture
async def deliveries(redis_url: str | None) -> AsyncIterator[Deliveries]:
    """What goes with the database."""
    if redis_url is None:
        yield InProcessDeliveries()
        return
    through_redis = RedisDeliveries(redis_url)
    async with through_redis.sending():
        yield through_redis


@pytest.fixture
def registry() -> CollectorRegistry:
    """Where the workers of a test count."""
    return CollectorRegistry()


@pytest.fixture
def new_worker(
    database: Database, deliveries: Deliveries, registry: CollectorRegistry
) -> NewWorker:
    """Return a worker that looks often, and tries again soon."""

    def make(opener: Any = None, **changed: Any) -> Worker:
        limits: dict[str, Any] = {"retry_seconds": 0.01, "max_attempts": 3}
        for name in ("lease_seconds", "attempt_seconds", "max_attempts", "retry_seconds"):
            if name in changed:
                limits[name] = changed.pop(name)
        return Worker(
            Leases(database),
            changed.pop("deliveries", deliveries),
            opener=opener or NumberOpener(),
            limits=AttemptLimits(**limits),
            registry=registry,
            **({"poll_seconds": 0.1} | changed),
        )

    return make
