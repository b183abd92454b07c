"""Which jobs a worker takes and lets go of, on both kinds of database and deliveries."""

import asyncio

import pytest
from prometheus_client import CollectorRegistry

from services.collector.database import Database
from services.collector.deliveries import Deliveries, InProcessDeliveries
from services.collector.job_store import JobStore
from services.collector.jobs import JobState, JsonObject
from services.collector.leases import Leases
from services.collector.storage_errors import StorageUnavailableError
from services.collector.tests.number_source import (
    SOON,
    NumberOpener,
    job_in,
    job_when,
    kept,
    numbers,
    pausing,
)
from services.collector.tests.stored_jobs import (
    claimed,
    job_of,
    let_pass,
    submitted,
)
from services.collector.tests.worker.conftest import NewWorker

FOREVER = pausing(3_600)


async def new_job(database: Database, rows: int = 100, **config: JsonObject) -> str:
    """Return the id of a new job for so many numbers."""
    return (await submitted(database, config={"rows": rows, **config})).job_id


async def until_counted(registry: CollectorRegistry, outcome: str) -> None:
    """Wait for the end of an attempt."""
    async with asyncio.timeout(SOON):
        while not registry.get_sample_value("collector_attempts_total", {"outcome": outcome}):  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def test_a_job_is_collected_and_each_record_kept_once(
    database: Database, new_worker: NewWorker, registry: CollectorRegistry
) -> None:
    opener = NumberOpener()
    job_id = await new_job(database, 95)
    async with new_worker(opener).running():
        job = await job_in(database, job_id, JobState.SUCCEEDED)
    assert (95, 0, None) == (job.stored, job.rejected, job.problem)
    assert numbers(95) == await kept(database, job_id)
    assert list(range(0, 95, 10)) == opener.firsts
    assert 1 == registry.get_sample_value("collector_attempts_total", {"outcome": "succeeded"})
    assert 95 == registry.get_sample_value("collector_records_total")
    assert 0 == registry.get_sample_value("collector_attempts_running")


async def test_a_delivered_job_begins_long_before_a_worker_looks(
    database: Database, new_worker: NewWorker, deliveries: Deliveries
) -> None:
    async with new_worker(poll_seconds=600).running():
        await asyncio.sleep(0.5)  # the worker has looked, and found nothing
        job_id = await new_job(database)
        deliveries.deliver(job_id)
        await job_in(database, job_id, JobState.SUCCEEDED)


async def test_deliveries_of_jobs_that_are_none_or_done_do_no_harm(
    database: Database, new_worker: NewWorker, deliveries: Deliveries
) -> None:
    async with new_worker(poll_seconds=600).running():
        job_id = await new_job(database)
        for _ in range(3):
            deliveries.deliver("nobody's")
            deliveries.deliver(job_id)
        await job_in(database, job_id, JobState.SUCCEEDED)
        deliveries.deliver(job_id)
        other = await new_job(database, 5)
        deliveries.deliver(other)
        await job_in(database, other, JobState.SUCCEEDED)
    assert numbers(100) == await kept(database, job_id)


async def test_no_more_jobs_are_worked_on_at_once_than_there_is_room_for(
    database: Database, new_worker: NewWorker, deliveries: Deliveries
) -> None:
    at_once = most = 0
    full = asyncio.Event()

    async def wait_for_company(first: int) -> None:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        if at_once == 3:
            full.set()
        await full.wait()
        await asyncio.sleep(0.02)
        at_once -= 1

    job_ids = [await new_job(database, 10) for _ in range(10)]
    async with new_worker(NumberOpener(wait_for_company), concurrency=3).running():
        for job_id in job_ids:
            deliveries.deliver(job_id)
        for job_id in job_ids:
            await job_in(database, job_id, JobState.SUCCEEDED)
    assert 3 == most


async def test_two_workers_given_one_job_store_it_once(
    database: Database, new_worker: NewWorker
) -> None:
    opener = NumberOpener(pausing(0.02))
    one, other = InProcessDeliveries(), InProcessDeliveries()
    async with (
        new_worker(opener, deliveries=one).running(),
        new_worker(opener, deliveries=other).running(),
    ):
        job_ids = [await new_job(database) for _ in range(4)]
        for job_id in job_ids:
            one.deliver(job_id)
            other.deliver(job_id)
        for job_id in job_ids:
            await job_in(database, job_id, JobState.SUCCEEDED)
    for job_id in job_ids:
        assert numbers(100) == await kept(database, job_id)
    assert sorted([*range(0, 100, 10)] * 4) == sorted(opener.firsts)


async def test_a_cancelled_job_ends_at_once_though_its_source_is_slow(
    database: Database, new_worker: NewWorker
) -> None:
    async def slow_from_twenty(first: int) -> None:
        await asyncio.sleep(3_600 if first >= 20 else 0)

    job_id = await new_job(database)
    async with new_worker(NumberOpener(slow_from_twenty), lease_seconds=0.6).running():
        await job_when(database, job_id, lambda job: job.stored == 20)
        await JobStore(database).cancel(job_id, None)
        await job_in(database, job_id, JobState.CANCELLED)
    assert numbers(20) == await kept(database, job_id)


async def test_a_cancelled_job_ends_after_the_batch_though_heartbeats_are_rare(
    database: Database, new_worker: NewWorker
) -> None:
    job_id = await new_job(database, 100_000)
    async with new_worker(NumberOpener(pausing(0.02)), lease_seconds=3_600).running():
        await job_when(database, job_id, lambda job: job.stored >= 20)
        await JobStore(database).cancel(job_id, None)
        job = await job_in(database, job_id, JobState.CANCELLED)
    assert numbers(job.stored) == await kept(database, job_id)


async def test_a_stopping_worker_gives_its_job_back_and_another_goes_on_there(
    database: Database, new_worker: NewWorker, registry: CollectorRegistry
) -> None:
    async def stuck_at_thirty(first: int) -> None:
        await asyncio.sleep(3_600 if first >= 30 else 0)

    job_id = await new_job(database)
    async with asyncio.timeout(SOON):
        async with new_worker(NumberOpener(stuck_at_thirty), stop_seconds=60).running():
            await job_when(database, job_id, lambda job: job.stored == 30)
    job = await job_of(database, job_id)
    assert (JobState.QUEUED, 0, None) == (job.state, job.attempts, job.problem)
    assert 1 == registry.get_sample_value("collector_attempts_total", {"outcome": "released"})
    opener = NumberOpener()
    async with new_worker(opener).running():
        await job_in(database, job_id, JobState.SUCCEEDED)
    assert 30 == opener.firsts[0]
    assert numbers(100) == await kept(database, job_id)


async def test_a_source_that_does_not_let_go_does_not_keep_a_worker_from_stopping(
    database: Database, new_worker: NewWorker
) -> None:
    async def hold_on(first: int) -> None:
        try:
            await asyncio.sleep(3_600)
        finally:
            await asyncio.sleep(3_600)

    job_id = await new_job(database)
    async with asyncio.timeout(SOON):
        async with new_worker(NumberOpener(hold_on), stop_seconds=0.5).running():
            await job_in(database, job_id, JobState.RUNNING)
            await asyncio.sleep(0.1)  # it reads the source
    assert JobState.RUNNING is (await job_of(database, job_id)).state


async def test_a_job_that_was_given_back_is_delivered_to_another_worker(
    database: Database, new_worker: NewWorker, deliveries: Deliveries
) -> None:
    job_id = await new_job(database, 20)
    async with new_worker(NumberOpener(FOREVER)).running():
        await job_in(database, job_id, JobState.RUNNING)
    taken: asyncio.Queue[str] = asyncio.Queue()
    async with asyncio.timeout(SOON), deliveries.consume(taken.put):
        assert job_id == await taken.get()


async def test_a_worker_whose_job_another_has_stops_and_writes_nothing_more(
    database: Database, new_worker: NewWorker, registry: CollectorRegistry
) -> None:
    going_on = asyncio.Event()

    async def wait_at_thirty(first: int) -> None:
        if first == 30:
            await going_on.wait()

    job_id = await new_job(database)
    async with new_worker(NumberOpener(wait_at_thirty), lease_seconds=60).running():
        await job_when(database, job_id, lambda job: job.stored == 30)
        await let_pass(database, 120)  # as if its machine had slept
        claim = await claimed(database, job_id)
        going_on.set()
        await until_counted(registry, "lost")
    assert numbers(30) == await kept(database, job_id)
    assert JobState.RUNNING is (await job_of(database, job_id)).state
    assert {"next": 30} == (claim.checkpoint or {})["at"]


async def test_a_lost_job_is_let_go_by_the_next_heartbeat_though_its_source_is_slow(
    database: Database, new_worker: NewWorker, registry: CollectorRegistry
) -> None:
    job_id = await new_job(database)
    async with new_worker(NumberOpener(FOREVER), lease_seconds=0.6).running():
        await job_in(database, job_id, JobState.RUNNING)
        await let_pass(database, 120)
        await Leases(database).succeed(await claimed(database, job_id))
        await until_counted(registry, "lost")


async def test_a_database_that_is_away_at_the_start_is_waited_for(
    new_worker: NewWorker, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim, refusals = Leases.claim, 3

    async def refuse(*args: object, **kwargs: object) -> object:
        nonlocal refusals
        refusals -= 1
        if refusals >= 0:
            raise StorageUnavailableError("away")
        return await claim(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(Leases, "claim", refuse)
    job_id = await new_job(database)
    async with new_worker().running():
        await job_in(database, job_id, JobState.SUCCEEDED)
    assert -1 >= refusals
