"""Jobs of a series run one after the other, each from where the last one came to."""

import asyncio

from services.collector.database import Database
from services.collector.job_store import JobStore
from services.collector.jobs import JobState
from services.collector.leases import Leases
from services.collector.tests.stored_jobs import (
    LEASE,
    ROOM,
    UNAVAILABLE,
    claimed,
    job_of,
    let_pass,
    set_state,
    submitted,
)


async def none_is_due(database: Database) -> bool:
    return await Leases(database).claim("another", LEASE, max_attempts=3) is None


async def test_a_job_starts_from_the_watermark_of_the_last(database: Database) -> None:
    leases = Leases(database)
    for turn in range(3):
        await submitted(database, series="sales")
        claim = await claimed(database)
        assert (None if turn == 0 else {"id": turn - 1}) == claim.watermark
        await leases.succeed(claim, {"id": turn})


async def test_a_job_without_a_watermark_leaves_the_series_where_it_was(
    database: Database,
) -> None:
    for watermark in ({"id": 1}, None):
        await submitted(database, series="sales")
        await Leases(database).succeed(await claimed(database), watermark)
    await submitted(database, series="sales")
    assert {"id": 1} == (await claimed(database)).watermark


async def test_only_a_job_that_succeeds_moves_its_series(database: Database) -> None:
    for state in (JobState.FAILED, JobState.DEAD, JobState.CANCELLED):
        await set_state(database, (await submitted(database, series="sales")).job_id, state)
    await submitted(database, series="sales")
    assert (await claimed(database)).watermark is None


async def test_a_series_is_the_clients_own(database: Database) -> None:
    await submitted(database, "a", series="sales")
    await Leases(database).succeed(await claimed(database), {"id": 1})
    await submitted(database, "b", series="sales")
    await submitted(database, "a", series="stock")
    assert [None, None] == [(await claimed(database)).watermark for _ in range(2)]


async def test_a_job_waits_for_the_older_ones_of_its_series_only(database: Database) -> None:
    first = await submitted(database, series="sales")
    second = await submitted(database, series="sales")
    others = [
        await submitted(database, series="stock"),
        await submitted(database, "other", series="sales"),
        await submitted(database),
    ]
    claim = await claimed(database)
    assert first.job_id == claim.job.job_id
    assert [job.job_id for job in others] == [(await claimed(database)).job.job_id for _ in others]
    assert await none_is_due(database)
    assert await Leases(database).claim("w", LEASE, second.job_id, max_attempts=3) is None
    await Leases(database).succeed(claim, {"id": 1})
    assert second.job_id == (await claimed(database)).job.job_id


async def test_a_job_waits_for_an_older_one_that_is_to_be_retried(database: Database) -> None:
    first = await submitted(database, series="sales")
    second = await submitted(database, series="sales")
    await Leases(database).retry(await claimed(database), UNAVAILABLE, 300)
    assert await none_is_due(database)
    await JobStore(database).cancel(first.job_id, None)
    assert second.job_id == (await claimed(database)).job.job_id


async def test_eight_workers_keep_the_order_of_a_series(database: Database) -> None:
    jobs = [(await submitted(database, series="sales")).job_id for _ in range(12)]
    begun: list[str] = []
    running: set[str] = set()

    async def work(name: str) -> None:
        leases = Leases(database)
        while len(begun) < len(jobs):
            claim = await leases.claim(name, LEASE, max_attempts=3)
            if claim is None:
                await asyncio.sleep(0.005)
                continue
            assert not running
            running.add(claim.job.job_id)
            assert {"job": begun[-1] if begun else None} == (claim.watermark or {"job": None})
            begun.append(claim.job.job_id)
            await asyncio.sleep(0)
            running.remove(claim.job.job_id)
            await leases.succeed(claim, {"job": claim.job.job_id})

    await asyncio.gather(*(work(f"worker {n}") for n in range(8)))
    assert jobs == begun


async def test_an_older_job_that_is_replayed_does_not_set_its_series_back(
    database: Database,
) -> None:
    old = await submitted(database, series="sales")
    await set_state(database, old.job_id, JobState.DEAD)
    await let_pass(database, 10)
    await submitted(database, series="sales")
    await Leases(database).succeed(await claimed(database), {"id": 20})
    await JobStore(database).replay(old.job_id, None, ROOM)
    await Leases(database).succeed(await claimed(database), {"id": 15})
    await submitted(database, series="sales")
    assert {"id": 20} == (await claimed(database)).watermark
    assert JobState.SUCCEEDED == (await job_of(database, old.job_id)).state
