"""Jobs are admitted within limits that are exact however many ask at once."""

import asyncio
from collections import Counter
from typing import Any

import pytest

from services.collector.database import Database, open_database
from services.collector.job_store import JobStore, Limits, Submitted
from services.collector.jobs import FINISHED, REPLAYABLE, Job, JobProblem, JobState, Record
from services.collector.leases import Leases
from services.collector.storage_errors import (
    KeyReusedError,
    NotReplayableError,
    QueueFullError,
    QuotaExceededError,
)
from services.collector.tests.stored_jobs import (
    ROOM,
    UNAVAILABLE,
    claimed,
    let_pass,
    new_job,
    set_state,
    submitted,
)


def limits(active: int = 1_000, per_minute: int = 1_000, queued: int = 1_000) -> Limits:
    return Limits(active_per_client=active, per_minute_per_client=per_minute, queued=queued)


async def test_a_submitted_job_is_queued_and_due(database: Database) -> None:
    store = JobStore(database)
    config = {"url": "https://api.shop.example", "é": [1, None, {"b": 2.5}]}
    made = await store.submit(new_job("shop", source_type="api", config=config), ROOM)
    job = made.job
    assert made.created
    assert job == await store.get(job.job_id, "shop")
    assert ("shop", "api", config) == (job.client, job.source_type, job.config)
    assert (JobState.QUEUED, 0, 0, 0) == (job.state, job.attempts, job.stored, job.rejected)
    assert (None, None, None) == (job.started_at, job.finished_at, job.problem)
    assert job.due_at == job.created_at
    assert 32 == len(job.job_id)


async def test_the_same_key_and_request_give_the_same_job(database: Database) -> None:
    store = JobStore(database)
    first = await store.submit(new_job(config={"a": 1, "b": 2}, idempotency_key="k"), ROOM)
    again = await store.submit(new_job(config={"b": 2, "a": 1}, idempotency_key="k"), ROOM)
    assert (True, False) == (first.created, again.created)
    assert first.job == again.job


async def test_a_key_is_the_clients_own(database: Database) -> None:
    store = JobStore(database)
    made = [await store.submit(new_job(client, idempotency_key="k"), ROOM) for client in ("a", "b")]
    assert [True, True] == [one.created for one in made]


@pytest.mark.parametrize("other", [{"config": {"path": "other.csv"}}, {"source_type": "api"}])
async def test_a_key_with_another_request_is_refused(
    database: Database, other: dict[str, Any]
) -> None:
    store = JobStore(database)
    standing = await store.submit(new_job(idempotency_key="k"), ROOM)
    with pytest.raises(KeyReusedError, match=standing.job.job_id):
        await store.submit(new_job(idempotency_key="k", **other), ROOM)


async def test_a_repeated_request_costs_nothing(database: Database) -> None:
    store = JobStore(database)
    first = await store.submit(new_job(idempotency_key="k"), limits(1, 1, 1))
    assert first.job == (await store.submit(new_job(idempotency_key="k"), limits(1, 1, 1))).job


async def test_many_requests_at_once_with_one_key_make_one_job(database: Database) -> None:
    store = JobStore(database)
    made = await asyncio.gather(
        *(store.submit(new_job(idempotency_key="k"), ROOM) for _ in range(12))
    )
    assert Counter({False: 11, True: 1}) == Counter(one.created for one in made)
    assert 1 == len({one.job.job_id for one in made})


@pytest.mark.parametrize(
    ("limit", "refusal"),
    [
        (limits(active=7), QuotaExceededError),
        (limits(per_minute=7), QuotaExceededError),
        (limits(queued=7), QueueFullError),
    ],
    ids=["active", "per minute", "queued"],
)
async def test_of_twenty_at_once_as_many_get_in_as_may(
    database: Database, limit: Limits, refusal: type[Exception]
) -> None:
    store = JobStore(database)
    outcomes = await asyncio.gather(
        *(store.submit(new_job(), limit) for _ in range(20)), return_exceptions=True
    )
    assert Counter({refusal: 13, Submitted: 7}) == Counter(type(one) for one in outcomes)
    assert 7 == (await store.counts())[JobState.QUEUED]


async def test_the_limits_hold_for_several_processes_too(database_url: str) -> None:
    async with open_database(database_url) as one, open_database(database_url) as other:
        outcomes = await asyncio.gather(
            *(JobStore(at).submit(new_job(), limits(active=7)) for at in [one, other] * 10),
            return_exceptions=True,
        )
    assert Counter({QuotaExceededError: 13, Submitted: 7}) == Counter(
        type(outcome) for outcome in outcomes
    )


async def test_each_client_has_a_quota_of_its_own(database: Database) -> None:
    store = JobStore(database)
    await store.submit(new_job("a"), limits(1, 1))
    with pytest.raises(QuotaExceededError):
        await store.submit(new_job("a"), limits(1, 1))
    assert (await store.submit(new_job("b"), limits(1, 1))).created


async def test_the_queue_is_everybodys(database: Database) -> None:
    store = JobStore(database)
    await store.submit(new_job("a"), limits(queued=1))
    with pytest.raises(QueueFullError):
        await store.submit(new_job("b"), limits(queued=1))
    await claimed(database)
    assert (await store.submit(new_job("b"), limits(queued=1))).created


@pytest.mark.parametrize("state", JobState)
async def test_only_jobs_that_are_not_finished_count_as_active(
    database: Database, state: JobState
) -> None:
    store = JobStore(database)
    await set_state(database, (await submitted(database)).job_id, state)
    if state in FINISHED:
        assert (await store.submit(new_job(), limits(active=1))).created
    else:
        with pytest.raises(QuotaExceededError, match="1 jobs of this client are queued") as caught:
            await store.submit(new_job(), limits(active=1))
        assert 1 <= caught.value.retry_after


async def test_the_quota_of_a_minute_says_when_the_next_fits(database: Database) -> None:
    store = JobStore(database)
    await store.submit(new_job(), limits(per_minute=2))
    await let_pass(database, 40)
    await store.submit(new_job(), limits(per_minute=2))
    with pytest.raises(QuotaExceededError) as caught:
        await store.submit(new_job(), limits(per_minute=2))
    assert 19 <= caught.value.retry_after <= 20
    await let_pass(database, caught.value.retry_after)
    await store.submit(new_job(), limits(per_minute=2))
    with pytest.raises(QuotaExceededError) as caught:
        await store.submit(new_job(), limits(per_minute=2))
    assert 39 <= caught.value.retry_after <= 40


@pytest.mark.parametrize("state", sorted(REPLAYABLE))
async def test_a_replayed_job_goes_on_where_it_was(database: Database, state: JobState) -> None:
    store, leases = JobStore(database), Leases(database)
    job_id = (await submitted(database)).job_id
    claim = await claimed(database)
    await leases.store(claim, [Record("r1", "{}")], [], {"line": 2})
    await (leases.fail if state == JobState.FAILED else leases.die)(claim, UNAVAILABLE)

    replayed = await store.replay(job_id, "shop", ROOM)

    assert replayed is not None
    assert replayed == await store.get(job_id, "shop")
    assert (JobState.QUEUED, 0, None) == (replayed.state, replayed.attempts, replayed.finished_at)
    assert (1, UNAVAILABLE) == (replayed.stored, replayed.problem)
    again = await claimed(database)
    assert (job_id, {"line": 2}) == (again.job.job_id, again.checkpoint)


async def test_a_replayed_job_has_all_its_attempts(database: Database) -> None:
    store, leases = JobStore(database), Leases(database)
    job_id = (await submitted(database)).job_id
    claim = await claimed(database)
    await leases.retry(claim, UNAVAILABLE, 0)
    await leases.die(await claimed(database), UNAVAILABLE)
    await store.replay(job_id, None, ROOM)
    assert 1 == (await claimed(database)).job.attempts


@pytest.mark.parametrize("state", sorted(set(JobState) - REPLAYABLE))
async def test_other_jobs_cannot_be_replayed(database: Database, state: JobState) -> None:
    job_id = (await submitted(database)).job_id
    await set_state(database, job_id, state)
    with pytest.raises(NotReplayableError, match=state):
        await JobStore(database).replay(job_id, "shop", ROOM)


async def test_a_replay_obeys_the_limits(database: Database) -> None:
    store = JobStore(database)
    job_id = (await submitted(database)).job_id
    await set_state(database, job_id, JobState.DEAD)
    await submitted(database)
    with pytest.raises(QuotaExceededError):
        await store.replay(job_id, "shop", limits(active=1))
    with pytest.raises(QuotaExceededError):
        await store.replay(job_id, "shop", limits(per_minute=2))
    with pytest.raises(QueueFullError):
        await store.replay(job_id, "shop", limits(queued=1))


async def test_dead_jobs_replayed_at_once_do_not_get_past_the_quota(database: Database) -> None:
    store = JobStore(database)
    job_ids = [(await submitted(database)).job_id for _ in range(8)]
    for job_id in job_ids:
        await set_state(database, job_id, JobState.DEAD)
    outcomes = await asyncio.gather(
        *(store.replay(job_id, "shop", limits(active=3)) for job_id in job_ids),
        *(store.submit(new_job(), limits(active=3)) for _ in range(8)),
        return_exceptions=True,
    )
    refused = [one for one in outcomes if isinstance(one, QuotaExceededError)]
    assert 13 == len(refused)
    assert 3 == (await store.counts())[JobState.QUEUED]


async def test_a_job_replayed_twice_at_once_is_queued_once(database: Database) -> None:
    store = JobStore(database)
    job_id = (await submitted(database)).job_id
    await set_state(database, job_id, JobState.FAILED)
    outcomes = await asyncio.gather(
        *(store.replay(job_id, "shop", ROOM) for _ in range(4)), return_exceptions=True
    )
    assert Counter({NotReplayableError: 3, Job: 1}) == Counter(type(one) for one in outcomes)


async def test_what_a_problem_says_is_made_storable_and_short(database: Database) -> None:
    job_id = (await submitted(database)).job_id
    odd = JobProblem("source-refused", "nul \0 surrogate \udcff " + "x" * 10_000)
    await Leases(database).fail(await claimed(database), odd)
    job = await JobStore(database).get(job_id, None)
    assert job is not None
    assert job.problem is not None
    assert job.problem.detail.startswith("nul \ufffd surrogate ? x")
    assert 2_000 == len(job.problem.detail)
