"""How an attempt ends, and what the job then says."""

import asyncio

import pytest
from prometheus_client import CollectorRegistry

from services.collector.database import Database
from services.collector.jobs import JobState, JsonObject
from services.collector.leases import Leases
from services.collector.results import Results
from services.collector.sources.base import SourceError
from services.collector.tests.number_source import (
    NumberOpener,
    job_in,
    job_when,
    kept,
    numbers,
)
from services.collector.tests.stored_jobs import (
    claimed,
    seconds_until_due,
    submitted,
)
from services.collector.tests.worker.conftest import NewWorker


async def new_job(database: Database, rows: int = 100, **config: JsonObject) -> str:
    """Return the id of a new job for so many numbers."""
    return (await submitted(database, config={"rows": rows, **config})).job_id


async def test_a_source_that_refuses_fails_the_job_and_says_why(
    database: Database, new_worker: NewWorker
) -> None:
    async def refuse(first: int) -> None:
        if first == 20:
            raise SourceError("source-refused", "it answered 403", permanent=True)

    job_id = await new_job(database)
    async with new_worker(NumberOpener(refuse)).running():
        job = await job_in(database, job_id, JobState.FAILED)
    assert job.problem is not None
    assert ("source-refused", "it answered 403") == (job.problem.kind, job.problem.detail)
    assert numbers(20) == await kept(database, job_id)


async def test_a_source_that_fails_is_read_on_from_where_it_was(
    database: Database, new_worker: NewWorker, registry: CollectorRegistry
) -> None:
    failed: set[int] = set()

    async def fail_once_each(first: int) -> None:
        if first not in failed:
            failed.add(first)
            raise SourceError("source-unavailable", "it answered 503", permanent=False)

    opener = NumberOpener(fail_once_each)
    job_id = await new_job(database)
    async with new_worker(opener).running():
        await job_in(database, job_id, JobState.SUCCEEDED)
    assert numbers(100) == await kept(database, job_id)
    assert sorted([*range(0, 100, 10)] * 2) == opener.firsts
    assert 10 == registry.get_sample_value("collector_attempts_total", {"outcome": "retried"})


async def test_a_job_without_progress_is_dead_after_its_attempts(
    database: Database, new_worker: NewWorker
) -> None:
    async def fail_at_thirty(first: int) -> None:
        if first == 30:
            raise SourceError("source-unavailable", "it answered 503", permanent=False)

    opener = NumberOpener(fail_at_thirty)
    job_id = await new_job(database)
    async with new_worker(opener, max_attempts=3).running():
        job = await job_in(database, job_id, JobState.DEAD)
    assert job.problem is not None
    assert "source-unavailable" == job.problem.kind
    # The first attempt made progress, and three in a row did not.
    assert [0, 10, 20, 30, 30, 30, 30] == opener.firsts
    assert numbers(30) == await kept(database, job_id)


async def test_a_source_that_asks_for_time_gets_it(
    database: Database, new_worker: NewWorker
) -> None:
    async def ask(first: int) -> None:
        raise SourceError("rate-limited", "it answered 429", permanent=False, retry_after=100)

    job_id = await new_job(database)
    async with new_worker(NumberOpener(ask)).running():
        await job_when(database, job_id, lambda job: job.problem is not None)
    assert 90 < await seconds_until_due(database, job_id) < 102


async def test_an_error_of_the_collector_is_retried_and_then_told_without_details(
    database: Database, new_worker: NewWorker, capsys: pytest.CaptureFixture[str]
) -> None:
    async def break_down(first: int) -> None:
        raise ZeroDivisionError("at postgresql://reader:hunter22-hunter22@db")

    job_id = await new_job(database)
    opener = NumberOpener(break_down, secrets=["hunter22-hunter22"])
    async with new_worker(opener, max_attempts=2).running():
        job = await job_in(database, job_id, JobState.DEAD)
    assert job.problem is not None
    assert "internal-error" == job.problem.kind
    assert "ZeroDivisionError" in job.problem.detail
    assert [0, 0] == opener.firsts
    logged = capsys.readouterr().out
    assert "break_down" in logged
    assert "hunter22" not in logged + job.problem.detail


async def test_a_job_that_takes_too_long_fails_and_keeps_what_it_has(
    database: Database, new_worker: NewWorker
) -> None:
    async def stuck_at_thirty(first: int) -> None:
        await asyncio.sleep(3_600 if first >= 30 else 0)

    job_id = await new_job(database)
    async with new_worker(NumberOpener(stuck_at_thirty), attempt_seconds=1.5).running():
        job = await job_in(database, job_id, JobState.FAILED)
    assert job.problem is not None
    assert "job-too-long" == job.problem.kind
    assert numbers(30) == await kept(database, job_id)


async def test_jobs_of_a_series_go_on_from_each_other(
    database: Database, new_worker: NewWorker
) -> None:
    first = await submitted(database, series="sales", config={"rows": 50})
    second = await submitted(database, series="sales", config={"rows": 80})
    async with new_worker().running():
        await job_in(database, first.job_id, JobState.SUCCEEDED)
        await job_in(database, second.job_id, JobState.SUCCEEDED)
    assert numbers(50) == await kept(database, first.job_id)
    assert numbers(80, first=50) == await kept(database, second.job_id)


async def test_a_series_goes_on_though_a_worker_ended_between_the_last_batch_and_the_end(
    database: Database, new_worker: NewWorker
) -> None:
    first = await submitted(database, series="sales", config={"rows": 80})
    claim = await claimed(database, first.job_id)
    last_batch = {"at": {"next": 80}, "watermark": {"next": 80}}
    await Leases(database).store(claim, [], [], last_batch)
    await Leases(database).release(claim)
    second = await submitted(database, series="sales", config={"rows": 90})
    async with new_worker().running():
        await job_in(database, second.job_id, JobState.SUCCEEDED)
    assert numbers(90, first=80) == await kept(database, second.job_id)


async def test_rejects_are_counted_and_kept_beside_the_records(
    database: Database, new_worker: NewWorker, registry: CollectorRegistry
) -> None:
    job_id = await new_job(database, 20, shape={"record_id": "n", "fields": {"value": "missing"}})
    nobody = await new_job(database, 20, shape={"record_id": "missing"})
    async with new_worker().running():
        await job_in(database, job_id, JobState.SUCCEEDED)
        job = await job_in(database, nobody, JobState.SUCCEEDED)
    assert {str(n): '{"value":null}' for n in range(20)} == await kept(database, job_id)
    assert (0, 20) == (job.stored, job.rejected)
    rejects = await Results(database).rejects(nobody, 100)
    assert [f"row {n}" for n in range(20)] == [reject.position for reject in rejects]
    assert 20 == registry.get_sample_value("collector_rejects_total")
