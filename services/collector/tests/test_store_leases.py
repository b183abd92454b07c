"""A job is in the hands of one worker at a time, and what it writes is kept once."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy import update

from services.collector.database import Database, open_database
from services.collector.job_store import JobStore
from services.collector.jobs import JobProblem, JobState, Record, Reject
from services.collector.leases import WORKER_LOST, Claim, Leases
from services.collector.results import Results
from services.collector.storage_errors import LeaseLostError
from services.collector.tables import jobs
from services.collector.tests.stored_jobs import (
    ATTEMPTS,
    LEASE,
    UNAVAILABLE,
    claimed,
    job_of,
    let_pass,
    seconds_until_due,
    submitted,
)

WRITES: dict[str, Callable[[Leases, Claim], Awaitable[object]]] = {
    "renew": lambda leases, claim: leases.renew(claim, LEASE),
    "store": lambda leases, claim: leases.store(claim, [Record("late", "{}")], [], {"late": 1}),
    "succeed": lambda leases, claim: leases.succeed(claim),
    "fail": lambda leases, claim: leases.fail(claim, UNAVAILABLE),
    "die": lambda leases, claim: leases.die(claim, UNAVAILABLE),
    "retry": lambda leases, claim: leases.retry(claim, UNAVAILABLE, 0),
    "cancelled": lambda leases, claim: leases.cancelled(claim),
    "release": lambda leases, claim: leases.release(claim),
}
ENDS = ["succeed", "fail", "die", "cancelled"]


async def none_is_due(database: Database) -> bool:
    return await Leases(database).claim("another", LEASE, max_attempts=ATTEMPTS) is None


async def test_a_claimed_job_runs_and_is_nobody_elses(database: Database) -> None:
    job = await submitted(database)
    claim = await claimed(database)
    assert claim.job == await job_of(database, job.job_id)
    assert (JobState.RUNNING, 1) == (claim.job.state, claim.job.attempts)
    assert (None, None) == (claim.checkpoint, claim.watermark)
    assert claim.job.started_at is not None
    assert LEASE - 5 <= await seconds_until_due(database, job.job_id) <= LEASE
    assert await none_is_due(database)


async def test_the_longest_due_job_is_first(database: Database) -> None:
    made = [await submitted(database) for _ in range(3)]
    assert [job.job_id for job in made] == [(await claimed(database)).job.job_id for _ in made]


async def test_a_job_can_be_claimed_by_its_id(database: Database) -> None:
    _, wanted = await submitted(database), await submitted(database)
    leases = Leases(database)
    assert wanted.job_id == (await claimed(database, wanted.job_id)).job.job_id
    assert await leases.claim("another", LEASE, wanted.job_id, max_attempts=3) is None
    assert await leases.claim("another", LEASE, "0" * 32, max_attempts=3) is None


async def test_eight_workers_share_thirty_jobs_without_a_clash(database: Database) -> None:
    made = {(await submitted(database)).job_id for _ in range(30)}
    done: list[str] = []

    async def work(name: str) -> None:
        leases = Leases(database)
        while claim := await leases.claim(name, LEASE, max_attempts=ATTEMPTS):
            done.append(claim.job.job_id)
            await leases.store(claim, [Record(name, "{}")], [], {"by": name})
            await leases.succeed(claim)

    await asyncio.gather(*(work(f"worker {n}") for n in range(8)))
    assert sorted(made) == sorted(done)
    assert 30 == (await JobStore(database).counts())[JobState.SUCCEEDED]


async def test_nobody_waits_for_a_job_that_another_worker_is_taking(postgres_url: str) -> None:
    async with open_database(postgres_url) as database:
        first, second = await submitted(database), await submitted(database)
        async with database.writing() as taking:
            await taking.execute(
                update(jobs).where(jobs.c.job_id == first.job_id).values(attempts=0)
            )
            claim = await asyncio.wait_for(claimed(database), 5)
            assert second.job_id == claim.job.job_id
            assert await none_is_due(database)
        assert first.job_id == (await claimed(database)).job.job_id


async def test_of_eight_that_want_one_job_one_gets_it(database: Database) -> None:
    job_id = (await submitted(database)).job_id
    claims = await asyncio.gather(
        *(Leases(database).claim(f"w{n}", LEASE, job_id, max_attempts=3) for n in range(8))
    )
    assert 1 == sum(claim is not None for claim in claims)


async def test_a_job_whose_lease_ran_out_goes_on_after_its_last_batch(database: Database) -> None:
    await submitted(database)
    lost = await claimed(database)
    await Leases(database).store(lost, [Record("r1", "{}")], [], {"line": 2})
    await let_pass(database, LEASE + 1)
    again = await claimed(database)
    assert (lost.job.job_id, {"line": 2}) == (again.job.job_id, again.checkpoint)
    assert lost.token != again.token
    assert (1, 1) == (again.job.stored, again.job.attempts)


async def test_a_renewed_lease_does_not_run_out(database: Database) -> None:
    job_id = (await submitted(database)).job_id
    claim = await claimed(database)
    for _ in range(20):  # twenty minutes
        await let_pass(database, LEASE - 1)
        assert not await Leases(database).renew(claim, LEASE)
        assert await none_is_due(database)
    assert JobState.RUNNING == (await job_of(database, job_id)).state


async def test_a_lease_that_ran_out_does_no_harm_until_another_takes_the_job(
    database: Database,
) -> None:
    job_id = (await submitted(database)).job_id
    claim = await claimed(database)
    await let_pass(database, LEASE * 10)
    await Leases(database).store(claim, [Record("r1", "{}")], [], {"line": 2})
    await Leases(database).renew(claim, LEASE)
    assert await none_is_due(database)
    await Leases(database).succeed(claim)
    assert 1 == (await job_of(database, job_id)).stored


@pytest.mark.parametrize("write", WRITES)
async def test_whose_job_another_took_writes_nothing(database: Database, write: str) -> None:
    job_id = (await submitted(database)).job_id
    slow = await claimed(database)
    await let_pass(database, LEASE + 1)
    faster = await claimed(database)
    with pytest.raises(LeaseLostError, match=job_id):
        await WRITES[write](Leases(database), slow)
    assert faster.job == await job_of(database, job_id)
    assert [] == await Results(database).records(job_id, 0, 10)
    await Leases(database).succeed(faster)


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("end", ENDS)
async def test_nothing_is_written_to_a_job_that_ended(
    database: Database, end: str, write: str
) -> None:
    job_id = (await submitted(database)).job_id
    claim = await claimed(database)
    await WRITES[end](Leases(database), claim)
    ended = await job_of(database, job_id)
    with pytest.raises(LeaseLostError):
        await WRITES[write](Leases(database), claim)
    assert ended == await job_of(database, job_id)


async def test_a_batch_and_a_takeover_at_once_do_not_both_happen(database: Database) -> None:
    for turn in range(10):
        job_id = (await submitted(database)).job_id
        slow = await claimed(database, job_id)
        await let_pass(database, LEASE + 1)
        stored, taken = await asyncio.gather(
            Leases(database).store(slow, [Record("r", "{}")], [], {"turn": turn}),
            Leases(database).claim("faster", LEASE, job_id, max_attempts=3),
            return_exceptions=True,
        )
        assert isinstance(taken, Claim) or taken is None
        if isinstance(stored, LeaseLostError):
            assert taken is not None
            assert (0, None) == (taken.job.stored, taken.checkpoint)
        elif taken is not None:
            assert (1, {"turn": turn}) == (taken.job.stored, taken.checkpoint)


async def test_a_batch_is_kept_once_and_counted_once(database: Database) -> None:
    job_id = (await submitted(database)).job_id
    claim, leases = await claimed(database), Leases(database)
    first = [Record("r1", '{"n":1}'), Record("r2", "{}"), Record("r1", '{"n":9}')]
    assert 2 == (await leases.store(claim, first, [], {"line": 4})).new
    second = [Record("r2", '{"n":9}'), Record("r3", "{}")]
    assert 1 == (await leases.store(claim, second, [], {"line": 6})).new
    kept = [record for _, record in await Results(database).records(job_id, 0, 10)]
    assert [Record("r1", '{"n":1}'), Record("r2", "{}"), Record("r3", "{}")] == kept
    assert 3 == (await job_of(database, job_id)).stored


async def test_the_same_batch_again_changes_nothing(database: Database) -> None:
    job_id = (await submitted(database)).job_id
    claim, leases = await claimed(database), Leases(database)
    records, rejects = [Record("r1", "{}")], [Reject("line 2", "price", "it is no number")]
    assert 1 == (await leases.store(claim, records, rejects, {"line": 3})).new
    stored = await job_of(database, job_id)
    assert 0 == (await leases.store(claim, records, rejects, {"line": 3})).new
    assert (1, 1) == (stored.stored, stored.rejected)
    assert stored == await job_of(database, job_id)
    assert rejects == await Results(database).rejects(job_id, 10)


async def test_all_rejects_are_counted_and_the_first_thousand_kept(database: Database) -> None:
    job_id = (await submitted(database)).job_id
    claim, leases = await claimed(database), Leases(database)
    rejects = [Reject(f"line {n}", None, "it is empty") for n in range(1_500)]
    for end in (700, 1_400, 1_500):
        await leases.store(claim, [], rejects[max(0, end - 700) : end], {"line": end})
    assert 2_100 == (await job_of(database, job_id)).rejected
    kept = await Results(database).rejects(job_id, 5_000)
    assert rejects[:1_000] == kept


async def test_an_attempt_that_starts_over_counts_its_rejects_anew(database: Database) -> None:
    job_id = (await submitted(database)).job_id
    leases, reject = Leases(database), Reject("row 1", "id", "it is empty")
    for _ in range(2):
        claim = await claimed(database)
        assert 0 == claim.job.rejected
        await leases.store(claim, [Record("r2", "{}")], [reject], None)
        await leases.retry(claim, UNAVAILABLE, 0)
    job = await job_of(database, job_id)
    assert (1, 1) == (job.stored, job.rejected)
    assert [reject] == await Results(database).rejects(job_id, 10)


async def test_a_retry_waits_and_says_why(database: Database) -> None:
    job_id = (await submitted(database)).job_id
    await Leases(database).retry(await claimed(database), UNAVAILABLE, 300)
    job = await job_of(database, job_id)
    assert (JobState.QUEUED, UNAVAILABLE, None) == (job.state, job.problem, job.finished_at)
    assert 290 <= await seconds_until_due(database, job_id) <= 300
    assert await none_is_due(database)
    await let_pass(database, 301)
    assert 2 == (await claimed(database)).job.attempts


async def test_a_job_that_went_well_has_no_problem_left(database: Database) -> None:
    job_id = (await submitted(database)).job_id
    await Leases(database).retry(await claimed(database), UNAVAILABLE, 0)
    await Leases(database).succeed(await claimed(database))
    job = await job_of(database, job_id)
    assert (JobState.SUCCEEDED, None) == (job.state, job.problem)
    assert job.finished_at is not None


async def test_a_release_costs_no_attempt(database: Database) -> None:
    job_id = (await submitted(database)).job_id
    for _ in range(ATTEMPTS + 2):
        claim = await claimed(database)
        assert 1 == claim.job.attempts
        await Leases(database).release(claim)
    job = await job_of(database, job_id)
    assert (JobState.QUEUED, 0) == (job.state, job.attempts)


async def test_progress_gives_all_attempts_back(database: Database) -> None:
    job_id = (await submitted(database)).job_id
    for turn in range(ATTEMPTS + 2):
        claim = await claimed(database)
        await Leases(database).store(claim, [], [], {"line": turn})
        assert 0 == (await job_of(database, job_id)).attempts
        await let_pass(database, LEASE + 1)


async def test_a_batch_that_brings_nothing_is_no_progress(database: Database) -> None:
    job_id = (await submitted(database)).job_id
    leases = Leases(database)
    await leases.store(await claimed(database), [Record("r1", "{}")], [], {"at": 0})
    await let_pass(database, LEASE + 1)
    await leases.store(await claimed(database), [Record("r1", "{}")], [], {"at": 0})
    assert 1 == (await job_of(database, job_id)).attempts


async def test_a_job_that_kills_its_workers_dies(database: Database) -> None:
    job_id = (await submitted(database)).job_id
    for _ in range(ATTEMPTS):
        await claimed(database)
        await let_pass(database, LEASE + 1)
    assert await none_is_due(database)
    job = await job_of(database, job_id)
    assert (JobState.DEAD, WORKER_LOST) == (job.state, job.problem)
    assert job.finished_at is not None


async def test_a_job_that_dies_in_the_queue_keeps_its_problem(database: Database) -> None:
    job_id = (await submitted(database)).job_id
    for _ in range(ATTEMPTS):
        await Leases(database).retry(await claimed(database), UNAVAILABLE, 0)
    assert await none_is_due(database)
    job = await job_of(database, job_id)
    assert (JobState.DEAD, UNAVAILABLE) == (job.state, job.problem)


async def test_a_claim_passes_over_jobs_that_it_ends(database: Database) -> None:
    doomed, cancelled, fine = [await submitted(database) for _ in range(3)]
    for _ in range(ATTEMPTS):
        await Leases(database).retry(await claimed(database, doomed.job_id), UNAVAILABLE, 0)
    await claimed(database, cancelled.job_id)
    await JobStore(database).cancel(cancelled.job_id, None)
    await let_pass(database, LEASE + 1)
    assert {fine.job_id} == {(await claimed(database)).job.job_id}
    assert await none_is_due(database)
    ended = [(await job_of(database, job.job_id)).state for job in (doomed, cancelled)]
    assert [JobState.DEAD, JobState.CANCELLED] == ended


@pytest.mark.parametrize("write", ["retry", "release"])
async def test_a_job_to_be_cancelled_is_not_queued_again(database: Database, write: str) -> None:
    job_id = (await submitted(database)).job_id
    claim = await claimed(database)
    await JobStore(database).cancel(job_id, None)
    await WRITES[write](Leases(database), claim)
    assert JobState.CANCELLED == (await job_of(database, job_id)).state
    assert await none_is_due(database)


async def test_a_failure_is_told(database: Database) -> None:
    problem = JobProblem("file-changed", "sales.csv is not what it was")
    job_id = (await submitted(database)).job_id
    await Leases(database).fail(await claimed(database), problem)
    job = await job_of(database, job_id)
    assert (JobState.FAILED, problem) == (job.state, job.problem)
