"""Redis and PostgreSQL that fail while jobs are under way."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from prometheus_client import CollectorRegistry

from services.collector.database import Database
from services.collector.deliveries import Deliveries
from services.collector.jobs import Job, JobState
from services.collector.redis_deliveries import RedisDeliveries
from services.collector.tests.number_source import (
    NumberOpener,
    job_in,
    job_when,
    kept,
    numbers,
    pausing,
)
from services.collector.tests.stored_jobs import job_of, submitted
from services.collector.tests.worker.conftest import UNCLOSED, NewWorker, empty
from tools.postgres_local.server import PostgresLocal
from tools.redis_local.server import RedisLocal

pytestmark = UNCLOSED

OUTAGE_SECONDS = 2.5


@pytest.fixture
def database_url(postgres_url: str) -> str:
    """PostgreSQL alone: the embedded database and queue are away when their process is."""
    return postgres_url


@pytest.fixture
def slow() -> NumberOpener:
    """Gives a batch of ten about every 50 ms."""
    return NumberOpener(pausing(0.05))


async def delivered(database: Database, deliveries: Deliveries, count: int) -> list[str]:
    """Return the ids of new jobs, each for 200 numbers."""
    job_ids = []
    for _ in range(count):
        job = await submitted(database, config={"rows": 200})
        deliveries.deliver(job.job_id)
        job_ids.append(job.job_id)
    return job_ids


async def all_done(database: Database, job_ids: list[str], opener: NumberOpener) -> None:
    """Wait for jobs; each is complete, and no batch of any was read again."""
    for job_id in job_ids:
        await job_in(database, job_id, JobState.SUCCEEDED)
        assert numbers(200) == await kept(database, job_id)
    assert sorted([*range(0, 200, 10)] * len(job_ids)) == sorted(opener.firsts)


def is_under_way(job: Job) -> bool:
    """Say whether a job has some records, and not all."""
    return 20 <= job.stored < 200


async def test_jobs_under_way_and_jobs_that_wait_survive_flushall(
    database: Database,
    deliveries: Deliveries,
    redis: RedisLocal,
    new_worker: NewWorker,
    slow: NumberOpener,
) -> None:
    async with new_worker(slow, concurrency=2).running():
        job_ids = await delivered(database, deliveries, 5)
        await job_when(database, job_ids[0], is_under_way)
        empty(redis)
        await all_done(database, job_ids, slow)


async def test_deliveries_are_taken_again_after_flushall(
    database: Database, deliveries: Deliveries, redis: RedisLocal, new_worker: NewWorker
) -> None:
    async with new_worker(poll_seconds=600).running():
        first = await delivered(database, deliveries, 1)
        await job_in(database, first[0], JobState.SUCCEEDED)
        empty(redis)
        second = await delivered(database, deliveries, 1)
        await job_in(database, second[0], JobState.SUCCEEDED)


async def test_jobs_survive_that_redis_is_stopped_and_started(
    database: Database,
    deliveries: Deliveries,
    redis: RedisLocal,
    new_worker: NewWorker,
    slow: NumberOpener,
) -> None:
    async with new_worker(slow, concurrency=2).running():
        job_ids = await delivered(database, deliveries, 3)
        await job_when(database, job_ids[0], is_under_way)
        await asyncio.to_thread(redis.kill)
        job_ids += await delivered(database, deliveries, 2)
        await job_in(database, job_ids[-1], JobState.SUCCEEDED)
        await asyncio.to_thread(redis.restart)
        await all_done(database, job_ids, slow)


class TestWithoutRedis:
    """A Redis that was never there."""

    @pytest_asyncio.fixture
    async def deliveries(self) -> AsyncIterator[Deliveries]:
        """Deliveries through nothing."""
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))
            through_redis = RedisDeliveries(f"redis://127.0.0.1:{nobody.getsockname()[1]}")
            async with through_redis.sending():
                yield through_redis

    async def test_jobs_are_found_in_the_database(
        self,
        database: Database,
        deliveries: Deliveries,
        new_worker: NewWorker,
        slow: NumberOpener,
    ) -> None:
        async with new_worker(slow).running():
            job_ids = await delivered(database, deliveries, 5)
            await all_done(database, job_ids, slow)


async def test_a_job_goes_on_in_the_same_attempt_after_postgresql_was_away_longer_than_its_lease(
    database: Database,
    deliveries: Deliveries,
    postgres: PostgresLocal,
    new_worker: NewWorker,
    slow: NumberOpener,
    registry: CollectorRegistry,
) -> None:
    async with new_worker(slow, lease_seconds=1, concurrency=2).running():
        job_ids = await delivered(database, deliveries, 2)
        for job_id in job_ids:
            await job_when(database, job_id, is_under_way)
        await asyncio.to_thread(postgres.kill)
        try:
            await asyncio.sleep(OUTAGE_SECONDS)
        finally:
            await asyncio.to_thread(postgres.restart)
        await all_done(database, job_ids, slow)
    assert 2 == registry.get_sample_value("collector_attempts_total", {"outcome": "succeeded"})
    assert 1 <= (registry.get_sample_value("collector_storage_waits_total") or 0)


async def test_a_worker_stops_in_time_though_postgresql_is_away(
    database: Database,
    deliveries: Deliveries,
    postgres: PostgresLocal,
    new_worker: NewWorker,
    slow: NumberOpener,
) -> None:
    loop = asyncio.get_running_loop()
    try:
        async with new_worker(slow, stop_seconds=3).running():
            job_ids = await delivered(database, deliveries, 1)
            await job_when(database, job_ids[0], is_under_way)
            await asyncio.to_thread(postgres.kill)
            began = loop.time()
        assert loop.time() - began < 6
    finally:
        await asyncio.to_thread(postgres.restart)
    assert JobState.RUNNING is (await job_of(database, job_ids[0])).state


@pytest.fixture(autouse=True)
def _postgres_runs(postgres: PostgresLocal) -> Iterator[None]:
    """Leave a server that runs, however a test ended."""
    yield
    with socket.socket() as connection:
        if connection.connect_ex(("127.0.0.1", postgres.port)) != 0:
            postgres.restart()
