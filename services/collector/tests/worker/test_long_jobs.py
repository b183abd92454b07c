"""A job that takes many times its lease stays with the worker that is alive."""

import asyncio

import pytest
from prometheus_client import CollectorRegistry

from services.collector.database import Database
from services.collector.deliveries import Deliveries
from services.collector.jobs import JobState
from services.collector.tests.number_source import NumberOpener, job_in, job_when, kept, numbers
from services.collector.tests.stored_jobs import seconds_until_due, submitted
from services.collector.tests.worker.conftest import NewWorker

# Twenty minutes under the default lease of 30 s are 40 leases.
LEASES = 40
LEASE_SECONDS = 0.5


@pytest.fixture
def database_url(postgres_url: str) -> str:
    """PostgreSQL alone, since it takes as long as it takes."""
    return postgres_url


async def test_a_job_of_twenty_minutes_is_done_in_one_attempt_though_others_look_for_work(
    database: Database,
    deliveries: Deliveries,
    new_worker: NewWorker,
    registry: CollectorRegistry,
) -> None:
    async def take_long(first: int) -> None:
        # One batch alone takes most of the time, so no batch keeps the lease.
        await asyncio.sleep(LEASES * LEASE_SECONDS * 0.8 if first == 10 else 0.2)

    opener = NumberOpener(take_long)
    worker = new_worker(opener, lease_seconds=LEASE_SECONDS)
    async with worker.running():
        job_id = (await submitted(database, config={"rows": 100})).job_id
        deliveries.deliver(job_id)
        await job_in(database, job_id, JobState.RUNNING)
        async with new_worker(opener, lease_seconds=LEASE_SECONDS).running():
            deliveries.deliver(job_id)
            await job_when(database, job_id, lambda job: job.stored == 10)
            for _ in range(10):
                deliveries.deliver(job_id)
                left = await seconds_until_due(database, job_id)
                assert 0 < left <= LEASE_SECONDS
                await asyncio.sleep(LEASE_SECONDS)
            job = await job_in(database, job_id, JobState.SUCCEEDED, within=60)
    assert job.finished_at is not None
    assert job.started_at is not None
    assert LEASES * LEASE_SECONDS * 0.8 < job.finished_at - job.started_at
    assert list(range(0, 100, 10)) == opener.firsts
    assert numbers(100) == await kept(database, job_id)
    assert 1 == registry.get_sample_value("collector_attempts_total", {"outcome": "succeeded"})
