"""Jobs as workers hold them: taken, kept alive, filled, and ended, each by one worker at a time.

A claim gives a token that no other claim has. Whatever a worker writes is under the condition that
the job still has that token, in the same transaction: a worker that was slow or cut off, and whose
job another took over, writes nothing any more. Until then a lease that ran out does no harm.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import ColumnElement, RowMapping, case, delete, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collector.batches import Stored, keep_batch
from services.collector.database import Database
from services.collector.job_rows import JOB_COLUMNS, job_of, json_of, microseconds, storable
from services.collector.jobs import Job, JobProblem, JobState, JsonObject, Record, Reject
from services.collector.storage_errors import LeaseLostError
from services.collector.tables import active, jobs, now, rejects, watermarks

_ONE_LESS = case((jobs.c.attempts > 0, jobs.c.attempts - 1), else_=0)

WORKER_LOST = JobProblem(
    "worker-lost", "every worker that tried it ended, or was cut off, before it made progress"
)


@dataclass(frozen=True, slots=True)
class Claim:
    """A job in the hands of one worker."""

    job: Job
    """As it was when it was claimed."""
    token: str
    checkpoint: JsonObject | None
    """Of the last batch that was stored; None at the beginning."""
    watermark: JsonObject | None
    """Of the series that the job belongs to, as far as earlier jobs came."""


class Leases:
    """What workers do with jobs.

    Everything that takes a claim raises LeaseLostError, and writes nothing, when another worker
    holds the job or it has ended: also when it ended by the same call before, whose answer was lost
    (StorageUnavailableError).
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def claim(
        self, owner: str, lease_seconds: float, job_id: str | None = None, *, max_attempts: int
    ) -> Claim | None:
        """Take a job that is due, the longest due first, or None when there is none.

        Due is a queued job at its time, and a running one whose lease ran out; of a series only
        the oldest job that is not finished. On the way, jobs are ended whose worker is gone and
        which somebody cancelled, or which had `max_attempts` without progress.

        Args:
            owner: what the logs call the worker.
            lease_seconds: how long it is the worker's without a renewal.
            job_id: take this one or none.
            max_attempts: how often a job is tried without any progress.
        """
        while True:
            async with self._database.writing() as connection:
                row = await _due(connection, job_id)
                if row is None:
                    return None
                if row["cancel_requested"]:
                    await _end(connection, row["job_id"], JobState.CANCELLED)
                elif row["attempts"] >= max_attempts:
                    lost = row["state"] == JobState.RUNNING or row["problem_kind"] is None
                    problem = WORKER_LOST if lost else None
                    await _end(connection, row["job_id"], JobState.DEAD, problem)
                else:
                    return await _take(connection, row, owner, lease_seconds)

    async def renew(self, claim: Claim, lease_seconds: float) -> bool:
        """Keep the job for that long from now; return whether somebody asked to cancel it."""
        row = await self._write(claim, due_at=now() + microseconds(lease_seconds))
        return bool(row["cancel_requested"])

    async def store(
        self,
        claim: Claim,
        records: Sequence[Record],
        rejects: Sequence[Reject],
        checkpoint: JsonObject | None,
    ) -> Stored:
        """Keep a batch and the place to go on from, all of it or nothing.

        Records that the job has are left as they are. After StorageUnavailableError the same batch
        may be stored again: it is kept once, and its rejects are counted once.

        Args:
            claim: the job.
            records: with ids and bodies that both databases take: no NUL, no lone surrogates.
            rejects: all are counted, the first 1,000 of a job are kept.
            checkpoint: None when the next attempt starts over, which counts the rejects anew.
        """
        async with self._database.writing() as connection:
            return await keep_batch(
                connection,
                claim.job.job_id,
                await _held(connection, claim),
                records=records,
                rejects=rejects,
                checkpoint=None if checkpoint is None else json_of(checkpoint),
            )

    async def succeed(self, claim: Claim, watermark: JsonObject | None = None) -> None:
        """End the job well, and let the next one of its series start from `watermark`."""
        async with self._database.writing() as connection:
            row = await _written(
                connection,
                claim,
                **_ended(JobState.SUCCEEDED),
                problem_kind=None,
                problem_detail=None,
            )
            if row["series"] is not None and watermark is not None:
                await self._advance(connection, row, json_of(watermark))

    async def fail(self, claim: Claim, problem: JobProblem) -> None:
        """End the job: no attempt can succeed."""
        await self._write(claim, **_ended(JobState.FAILED), **_with(problem))

    async def die(self, claim: Claim, problem: JobProblem) -> None:
        """End the job: it was attempted often enough."""
        await self._write(claim, **_ended(JobState.DEAD), **_with(problem))

    async def cancelled(self, claim: Claim) -> None:
        """End the job, as somebody asked."""
        await self._write(claim, **_ended(JobState.CANCELLED))

    async def retry(self, claim: Claim, problem: JobProblem, seconds: float) -> None:
        """Let the job be attempted again in a while; when it is to be cancelled, it ends."""
        await self._give_back(claim, due_at=now() + microseconds(seconds), **_with(problem))

    async def release(self, claim: Claim) -> None:
        """Give the job back at once, as if this attempt had not been; see `retry`."""
        await self._give_back(claim, due_at=now(), attempts=_ONE_LESS)

    async def _give_back(self, claim: Claim, **values: Any) -> None:
        async with self._database.writing() as connection:
            row = await _written(
                connection, claim, state=JobState.QUEUED, lease_token=None, **values
            )
            if row["cancel_requested"]:
                await _end(connection, claim.job.job_id, JobState.CANCELLED)

    async def _write(self, claim: Claim, **values: Any) -> RowMapping:
        async with self._database.writing() as connection:
            return await _written(connection, claim, **values)

    async def _advance(self, connection: AsyncConnection, row: RowMapping, watermark: str) -> None:
        """Set the watermark of a series, unless a later job has set it."""
        dialect: Any = postgresql if self._database.is_postgresql else sqlite
        new = dialect.insert(watermarks).values(
            client=row["client"],
            series=row["series"],
            watermark=watermark,
            job_created_at=row["created_at"],
        )
        await connection.execute(
            new.on_conflict_do_update(
                index_elements=[watermarks.c.client, watermarks.c.series],
                set_={
                    "watermark": new.excluded.watermark,
                    "job_created_at": new.excluded.job_created_at,
                },
                where=watermarks.c.job_created_at <= new.excluded.job_created_at,
            )
        )


async def _due(connection: AsyncConnection, job_id: str | None) -> RowMapping | None:
    """Return the row of a job that may be taken, locked; None when there is none."""
    older = jobs.alias()
    waits_for_older = (
        select(older.c.job_id)
        .where(
            older.c.series == jobs.c.series,
            older.c.client == jobs.c.client,
            active(older),
            tuple_(older.c.created_at, older.c.job_id) < tuple_(jobs.c.created_at, jobs.c.job_id),
        )
        .exists()
    )
    wanted = (
        select(*JOB_COLUMNS, jobs.c.checkpoint, jobs.c.series)
        .where(active(jobs), jobs.c.due_at <= now(), jobs.c.series.is_(None) | ~waits_for_older)
        # Nobody waits for a job that another worker is taking.
        .with_for_update(of=jobs, skip_locked=True)
    )
    if job_id is None:
        wanted = wanted.order_by(jobs.c.due_at).limit(1)
    else:
        wanted = wanted.where(jobs.c.job_id == job_id)
    return (await connection.execute(wanted)).mappings().one_or_none()


async def _take(
    connection: AsyncConnection, row: RowMapping, owner: str, lease_seconds: float
) -> Claim:
    token = secrets.token_hex(16)
    taken: dict[str, Any] = {
        "state": JobState.RUNNING,
        "attempts": row["attempts"] + 1,
        "due_at": now() + microseconds(lease_seconds),
        "started_at": now() if row["started_at"] is None else row["started_at"],
        "lease_token": token,
        "lease_owner": storable(owner),
        "rejects_digest": None,
    }
    if row["checkpoint"] is None:
        # Every row is read again, so what is rejected now is all that is.
        taken["rejected"] = 0
        if row["rejected"]:
            await connection.execute(delete(rejects).where(rejects.c.job_id == row["job_id"]))
    watermark = None
    if row["series"] is not None:
        watermark = await connection.scalar(
            select(watermarks.c.watermark).where(
                watermarks.c.client == row["client"], watermarks.c.series == row["series"]
            )
        )
    changed = await connection.execute(
        update(jobs)
        .where(jobs.c.job_id == row["job_id"])
        .values(**taken)
        .returning(*JOB_COLUMNS, jobs.c.checkpoint)
    )
    now_is = changed.mappings().one()
    return Claim(
        job=job_of(now_is),
        token=token,
        checkpoint=_document(now_is["checkpoint"]),
        watermark=_document(watermark),
    )


def _is_held(claim: Claim) -> ColumnElement[bool]:
    return (
        (jobs.c.job_id == claim.job.job_id)
        & (jobs.c.lease_token == claim.token)
        & (jobs.c.state == JobState.RUNNING)
    )


async def _held(connection: AsyncConnection, claim: Claim) -> RowMapping:
    """Return what a batch is added to; nobody takes the job over before the transaction ends."""
    held = await connection.execute(
        select(jobs.c.checkpoint, jobs.c.rejected, jobs.c.rejects_digest, jobs.c.cancel_requested)
        .where(_is_held(claim))
        .with_for_update()
    )
    return _row_of(claim, held.mappings().one_or_none())


async def _written(connection: AsyncConnection, claim: Claim, **values: Any) -> RowMapping:
    """Change the row of a job that the claim still holds."""
    written = await connection.execute(
        update(jobs)
        .where(_is_held(claim))
        .values(**values)
        .returning(jobs.c.client, jobs.c.series, jobs.c.created_at, jobs.c.cancel_requested)
    )
    return _row_of(claim, written.mappings().one_or_none())


def _row_of(claim: Claim, row: RowMapping | None) -> RowMapping:
    if row is None:
        raise LeaseLostError(
            f"job {claim.job.job_id} is not this worker's any more: another took it, or it ended"
        )
    return row


async def _end(
    connection: AsyncConnection, job_id: str, state: JobState, problem: JobProblem | None = None
) -> None:
    values = _ended(state) if problem is None else _ended(state) | _with(problem)
    await connection.execute(update(jobs).where(jobs.c.job_id == job_id).values(**values))


def _ended(state: JobState) -> dict[str, Any]:
    return {"state": state, "finished_at": now(), "lease_token": None}


def _with(problem: JobProblem) -> dict[str, Any]:
    return {"problem_kind": storable(problem.kind), "problem_detail": storable(problem.detail)}


def _document(text: str | None) -> JsonObject | None:
    return None if text is None else orjson.loads(text)
