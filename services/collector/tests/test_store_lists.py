"""Jobs are found, listed, counted, cancelled and forgotten, each client's for itself."""

import asyncio
from typing import Any

import pytest

from services.collector.database import Database
from services.collector.job_rows import cursor_of
from services.collector.job_store import JobStore
from services.collector.jobs import FINISHED, Job, JobState, Record, Reject
from services.collector.leases import Leases
from services.collector.results import Results
from services.collector.storage_errors import LeaseLostError
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


async def all_pages(store: JobStore, *, limit: int, **wanted: Any) -> list[str]:
    found: list[str] = []
    before = None
    while page := await store.jobs(before=before, limit=limit, **wanted):
        found += [job.job_id for job in page]
        before = cursor_of(page[-1])
    return found


async def test_pages_have_every_job_once_the_newest_first(database: Database) -> None:
    store = JobStore(database)
    # At once, so that some are of the same moment.
    made = await asyncio.gather(*(submitted(database, "ab"[n % 2]) for n in range(20)))
    newest_first = sorted(made, key=cursor_of, reverse=True)
    for limit in (1, 3, 50):
        assert [job.job_id for job in newest_first] == await all_pages(
            store, client=None, limit=limit
        )
        assert [job.job_id for job in newest_first if job.client == "a"] == await all_pages(
            store, client="a", limit=limit
        )


async def test_a_list_can_be_of_one_state(database: Database) -> None:
    store = JobStore(database)
    jobs = [await submitted(database) for _ in range(6)]
    for job in jobs[::2]:
        await set_state(database, job.job_id, JobState.DEAD)
    dead = [job.job_id for job in reversed(jobs[::2])]
    assert dead == await all_pages(store, client="shop", state=JobState.DEAD, limit=2)
    assert dead == await all_pages(store, client=None, state=JobState.DEAD, limit=2)
    assert [] == await all_pages(store, client="other", state=JobState.DEAD, limit=2)


async def test_jobs_of_others_do_not_exist(database: Database) -> None:
    store = JobStore(database)
    job_id = (await submitted(database, "a")).job_id
    assert await store.get(job_id, "b") is None
    assert await store.cancel(job_id, "b") is None
    assert await store.replay(job_id, "b", ROOM) is None
    assert [] == await store.jobs(client="b", limit=10)
    assert await store.get("0" * 32, None) is None
    assert JobState.QUEUED == (await job_of(database, job_id)).state


async def test_counts_name_every_state(database: Database) -> None:
    store = JobStore(database)
    assert dict.fromkeys(JobState, 0) == await store.counts()
    for state in JobState:
        await set_state(database, (await submitted(database)).job_id, state)
    assert dict.fromkeys(JobState, 1) == await store.counts()


async def test_the_wait_of_the_longest_due_job_is_told(database: Database) -> None:
    store = JobStore(database)
    assert 0 == await store.oldest_due_seconds()
    first = await submitted(database)
    await let_pass(database, 100)
    await submitted(database)
    assert 100 <= await store.oldest_due_seconds() < 130
    claim = await claimed(database, first.job_id)
    assert await store.oldest_due_seconds() < 30
    await Leases(database).retry(claim, UNAVAILABLE, 500)
    assert await store.oldest_due_seconds() < 30


async def test_a_queued_job_is_cancelled_at_once(database: Database) -> None:
    store = JobStore(database)
    job = await submitted(database)
    cancelled = await store.cancel(job.job_id, "shop")
    assert cancelled == await job_of(database, job.job_id)
    assert JobState.CANCELLED == cancelled.state
    assert cancelled.finished_at is not None
    assert await Leases(database).claim("w", LEASE, max_attempts=3) is None


async def test_the_worker_of_a_running_job_is_told_of_its_cancel(database: Database) -> None:
    store, leases = JobStore(database), Leases(database)
    job_id = (await submitted(database)).job_id
    claim = await claimed(database)
    assert not await leases.renew(claim, LEASE)
    asked = await store.cancel(job_id, "shop")
    assert asked is not None
    assert (JobState.RUNNING, True) == (asked.state, asked.cancel_requested)
    assert await leases.renew(claim, LEASE)
    assert (await leases.store(claim, [Record("a", "{}")], [], {})).cancel_requested
    await leases.cancelled(claim)
    job = await job_of(database, job_id)
    assert (JobState.CANCELLED, 1) == (job.state, job.stored)


async def test_a_running_job_whose_worker_is_gone_is_cancelled_at_once(database: Database) -> None:
    job_id = (await submitted(database)).job_id
    claim = await claimed(database)
    await let_pass(database, LEASE + 1)
    cancelled = await JobStore(database).cancel(job_id, "shop")
    assert cancelled is not None
    assert JobState.CANCELLED == cancelled.state
    with pytest.raises(LeaseLostError):
        await Leases(database).renew(claim, LEASE)


@pytest.mark.parametrize("state", sorted(FINISHED))
async def test_a_finished_job_stays_as_it_is(database: Database, state: JobState) -> None:
    job_id = (await submitted(database)).job_id
    await set_state(database, job_id, state)
    job = await job_of(database, job_id)
    assert job == await JobStore(database).cancel(job_id, "shop")
    assert job == await job_of(database, job_id)


async def finished_job(database: Database) -> Job:
    job = await submitted(database)
    claim = await claimed(database, job.job_id)
    await Leases(database).store(claim, [Record("r", "{}")], [Reject("1", None, "no")], {"at": 1})
    await Leases(database).succeed(claim)
    return job


async def test_old_jobs_are_removed_with_their_results(database: Database) -> None:
    store, results = JobStore(database), Results(database)
    old = await finished_job(database)
    unfinished = await submitted(database)
    await let_pass(database, 1_000)
    young = await finished_job(database)
    assert 1 == await store.prune(500, 10)
    assert 0 == await store.prune(500, 10)
    left = {job.job_id for job in await store.jobs(client=None, limit=10)}
    assert {young.job_id, unfinished.job_id} == left
    assert [] == await results.records(old.job_id, 0, 10)
    assert [] == await results.rejects(old.job_id, 10)
    assert 1 == len(await results.records(young.job_id, 0, 10))


async def test_the_longest_finished_are_removed_first(database: Database) -> None:
    store = JobStore(database)
    jobs = [await finished_job(database) for _ in range(5)]
    await let_pass(database, 1_000)
    assert 3 == await store.prune(500, 3)
    left = {job.job_id for job in await store.jobs(client=None, limit=10)}
    assert {job.job_id for job in jobs[3:]} == left


async def test_a_job_that_is_replayed_while_others_are_removed_is_kept(database: Database) -> None:
    store = JobStore(database)
    job_ids = [(await submitted(database)).job_id for _ in range(10)]
    for job_id in job_ids:
        await set_state(database, job_id, JobState.DEAD)
    await let_pass(database, 1_000)

    async def replay_from_the_end() -> list[Job | None]:
        return [await store.replay(job_id, None, ROOM) for job_id in reversed(job_ids)]

    removed, replayed = await asyncio.gather(store.prune(500, 10), replay_from_the_end())
    kept = {job.job_id for job in replayed if job is not None}
    assert 10 == removed + len(kept)
    assert 1 <= len(kept) < 10
    left = await store.jobs(client=None, limit=20)
    assert dict.fromkeys(kept, JobState.QUEUED) == {job.job_id: job.state for job in left}
