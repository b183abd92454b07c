"""Jobs in a test's database, and time that passes for them."""

from typing import Any

from sqlalchemy import update

from services.collector.database import Database
from services.collector.job_store import JobStore, Limits, NewJob
from services.collector.jobs import Job, JobProblem, JobState
from services.collector.leases import Claim, Leases
from services.collector.tables import MICROSECONDS, jobs, now

ROOM = Limits(active_per_client=1_000, per_minute_per_client=1_000, queued=1_000)
UNAVAILABLE = JobProblem("source-unavailable", "it answered 503")
LEASE = 60.0
ATTEMPTS = 3


def new_job(client: str = "shop", **changed: Any) -> NewJob:
    values: dict[str, Any] = {"source_type": "file", "config": {"path": "sales.csv"}}
    return NewJob(client, **(values | changed))


async def submitted(database: Database, client: str = "shop", **changed: Any) -> Job:
    """Return a new job."""
    return (await JobStore(database).submit(new_job(client, **changed), ROOM)).job


async def claimed(database: Database, job_id: str | None = None) -> Claim:
    """Return a claim of a job that is due."""
    claim = await Leases(database).claim("a worker", LEASE, job_id, max_attempts=ATTEMPTS)
    assert claim is not None
    return claim


async def job_of(database: Database, job_id: str) -> Job:
    job = await JobStore(database).get(job_id, None)
    assert job is not None
    return job


async def set_state(database: Database, job_id: str, state: JobState) -> None:
    """Bring a job to a state as its workers do."""
    leases = Leases(database)
    match state:
        case JobState.QUEUED:
            pass
        case JobState.RUNNING:
            await claimed(database, job_id)
        case JobState.SUCCEEDED:
            await leases.succeed(await claimed(database, job_id))
        case JobState.FAILED:
            await leases.fail(await claimed(database, job_id), UNAVAILABLE)
        case JobState.DEAD:
            await leases.die(await claimed(database, job_id), UNAVAILABLE)
        case JobState.CANCELLED:
            await JobStore(database).cancel(job_id, None)


async def let_pass(database: Database, seconds: float) -> None:
    """Let time pass for every job: leases run out, retries fall due."""
    span = round(seconds * MICROSECONDS)
    async with database.writing() as connection:
        await connection.execute(
            update(jobs).values(
                created_at=jobs.c.created_at - span,
                due_at=jobs.c.due_at - span,
                finished_at=jobs.c.finished_at - span,
            )
        )


async def seconds_until_due(database: Database, job_id: str) -> float:
    async with database.reading() as connection:
        left = await connection.scalar(
            jobs.select().with_only_columns(jobs.c.due_at - now()).where(jobs.c.job_id == job_id)
        )
    assert left is not None
    return float(left) / MICROSECONDS
