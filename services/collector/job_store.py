"""Jobs as those see them who ask for them: admitted, listed, cancelled, replayed, forgotten.

What admits a job counts others first. One lock for all admissions makes the counts exact however
many ask at once; an admission is a few statements that indexes serve.
"""

import hashlib
import math
import secrets
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    RowMapping,
    Select,
    delete,
    func,
    insert,
    select,
    tuple_,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collector.database import Database
from services.collector.job_rows import JOB_COLUMNS, job_of, json_of, microseconds
from services.collector.jobs import FINISHED, REPLAYABLE, Job, JobState, JsonObject, SourceType
from services.collector.storage_errors import (
    KeyReusedError,
    NotReplayableError,
    QueueFullError,
    QuotaExceededError,
)
from services.collector.tables import MICROSECONDS, active, jobs, now, queued

MINUTE = 60 * MICROSECONDS
ACTIVE_RETRY_SECONDS = 5
"""When it is worth asking again for a client whose jobs have to end first: nobody knows better."""

_ADMISSION_LOCK = 0x636F6C6C656374  # any number that nothing else in this database locks


@dataclass(frozen=True, slots=True)
class NewJob:
    """A job that is asked for."""

    client: str
    source_type: SourceType
    config: JsonObject
    idempotency_key: str | None = None
    """With one, the same request again gives the same job, as long as that is kept."""
    series: str | None = None
    """Jobs of a client's series run one after the other, each from the last one's watermark."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much work is taken on."""

    active_per_client: int
    """Jobs of a client that are queued or running."""
    per_minute_per_client: int
    """Jobs of a client that were created in the last minute."""
    queued: int
    """Jobs of all clients that wait."""


@dataclass(frozen=True, slots=True)
class Submitted:
    """What came of a submission."""

    job: Job
    created: bool
    """False when the idempotency key had made the job before."""


class JobStore:
    """The jobs of all clients; with `client` given, those of others do not exist."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def submit(self, new: NewJob, limits: Limits) -> Submitted:
        """Keep a job, queued and due; it is committed when this returns.

        Raises:
            KeyReusedError: the client's idempotency key came with another request before.
            QuotaExceededError: the client has as many jobs as it may.
            QueueFullError: as many jobs wait as may.
        """
        config = json_of(new.config)
        digest = hashlib.sha256(f"{new.source_type}\n{config}".encode()).hexdigest()
        async with self._database.writing() as connection:
            await self._admit_alone(connection)
            standing = await _of_key(connection, new, digest)
            if standing is not None:
                return Submitted(standing, created=False)
            await _check_room(connection, new.client, limits)
            made = await connection.execute(
                insert(jobs)
                .values(
                    job_id=secrets.token_hex(16),
                    client=new.client,
                    source_type=new.source_type,
                    config=config,
                    state=JobState.QUEUED,
                    attempts=0,
                    created_at=now(),
                    due_at=now(),
                    stored=0,
                    rejected=0,
                    cancel_requested=False,
                    idempotency_key=new.idempotency_key,
                    request_digest=digest,
                    series=new.series,
                )
                .returning(*JOB_COLUMNS)
            )
            return Submitted(job_of(made.mappings().one()), created=True)

    async def get(self, job_id: str, client: str | None) -> Job | None:
        """Return a job, or None when there is none of that id."""
        async with self._database.reading() as connection:
            found = await connection.execute(_one(job_id, client))
            row = found.mappings().one_or_none()
            return None if row is None else job_of(row)

    async def jobs(
        self,
        *,
        client: str | None,
        state: JobState | None = None,
        before: tuple[int, str] | None = None,
        limit: int,
    ) -> list[Job]:
        """Return jobs, the newest first, those after `before` in that order: a `cursor_of`."""
        newest_first = (jobs.c.created_at.desc(), jobs.c.job_id.desc())
        wanted = select(*JOB_COLUMNS).order_by(*newest_first).limit(limit)
        if client is not None:
            wanted = wanted.where(jobs.c.client == client)
        if state is not None:
            wanted = wanted.where(jobs.c.state == state)
        if before is not None:
            wanted = wanted.where(tuple_(jobs.c.created_at, jobs.c.job_id) < tuple_(*before))
        async with self._database.reading() as connection:
            found = await connection.execute(wanted)
            return [job_of(row) for row in found.mappings()]

    async def cancel(self, job_id: str, client: str | None) -> Job | None:
        """End a job that no worker holds, ask the worker of one that runs; else change nothing."""
        async with self._database.writing() as connection:
            row = await _locked(connection, job_id, client)
            if row is None or row["state"] in FINISHED:
                return None if row is None else job_of(row)
            if row["state"] == JobState.QUEUED or row["due_at"] <= row["now"]:
                return await _changed(
                    connection,
                    job_id,
                    state=JobState.CANCELLED,
                    finished_at=now(),
                    lease_token=None,
                )
            return await _changed(connection, job_id, cancel_requested=True)

    async def replay(self, job_id: str, client: str | None, limits: Limits) -> Job | None:
        """Queue a failed or dead job again, with all its attempts; it goes on where it was.

        Raises:
            NotReplayableError: it is neither failed nor dead.
            QuotaExceededError, QueueFullError: as `submit` raises them, for the job's client.
        """
        async with self._database.writing() as connection:
            # In this order everywhere: two that wait for each other would not end.
            await self._admit_alone(connection)
            row = await _locked(connection, job_id, client)
            if row is None:
                return None
            if row["state"] not in REPLAYABLE:
                raise NotReplayableError(job_id, JobState(row["state"]))
            await _check_room(connection, row["client"], limits)
            return await _changed(
                connection,
                job_id,
                state=JobState.QUEUED,
                attempts=0,
                due_at=now(),
                finished_at=None,
                cancel_requested=False,
            )

    async def counts(self) -> dict[JobState, int]:
        """Return how many jobs there are in each state."""
        counted = select(jobs.c.state, func.count()).group_by(jobs.c.state)
        async with self._database.reading() as connection:
            rows = (await connection.execute(counted)).all()
        return dict.fromkeys(JobState, 0) | {JobState(state): n for state, n in rows}

    async def oldest_due_seconds(self) -> float:
        """Return how long the job waits that waits longest for a worker to take it; 0 for none."""
        age = select(now() - func.min(jobs.c.due_at)).where(active(jobs))
        async with self._database.reading() as connection:
            microseconds_ago = await connection.scalar(age)
        return max(0.0, (microseconds_ago or 0) / MICROSECONDS)

    async def prune(self, finished_before_seconds: float, limit: int) -> int:
        """Remove jobs that finished that long ago, with their records; return how many.

        Each is removed in a transaction of its own, the longest finished first, `limit` at most.
        """
        old = jobs.c.finished_at < now() - microseconds(finished_before_seconds)
        async with self._database.reading() as connection:
            found = await connection.scalars(
                select(jobs.c.job_id).where(old).order_by(jobs.c.finished_at).limit(limit)
            )
            job_ids = found.all()
        removed = 0
        for job_id in job_ids:
            async with self._database.writing() as connection:
                # Not one that was replayed meanwhile. Records and rejects go with their job.
                gone = await connection.execute(
                    delete(jobs).where(jobs.c.job_id == job_id, old).returning(jobs.c.job_id)
                )
                removed += len(gone.all())
        return removed

    async def _admit_alone(self, connection: AsyncConnection) -> None:
        """Have this transaction be the only one that admits; in SQLite it is so anyway."""
        if self._database.is_postgresql:
            await connection.execute(select(func.pg_advisory_xact_lock(_ADMISSION_LOCK)))


async def _of_key(connection: AsyncConnection, new: NewJob, digest: str) -> Job | None:
    """Return the job that the key made before, if there is a key and a job."""
    if new.idempotency_key is None:
        return None
    found = await connection.execute(
        select(*JOB_COLUMNS, jobs.c.request_digest).where(
            jobs.c.client == new.client, jobs.c.idempotency_key == new.idempotency_key
        )
    )
    row = found.mappings().one_or_none()
    if row is None:
        return None
    if row["request_digest"] != digest:
        raise KeyReusedError(
            f"the idempotency key made job {row['job_id']} with another request; "
            "use a new key for a new request"
        )
    return job_of(row)


def _one(job_id: str, client: str | None) -> Select[Any]:
    wanted = select(*JOB_COLUMNS).where(jobs.c.job_id == job_id)
    return wanted if client is None else wanted.where(jobs.c.client == client)


async def _locked(
    connection: AsyncConnection, job_id: str, client: str | None
) -> RowMapping | None:
    """Return the row of a job that nobody else can change until the transaction ends."""
    wanted = _one(job_id, client).add_columns(now().label("now")).with_for_update()
    return (await connection.execute(wanted)).mappings().one_or_none()


async def _changed(connection: AsyncConnection, job_id: str, **values: Any) -> Job:
    changed = await connection.execute(
        update(jobs).where(jobs.c.job_id == job_id).values(**values).returning(*JOB_COLUMNS)
    )
    return job_of(changed.mappings().one())


async def _check_room(connection: AsyncConnection, client: str, limits: Limits) -> None:
    """Raise unless one more job of the client may be queued."""
    mine = jobs.c.client == client
    unfinished = await _count(connection, mine & active(jobs), limits.active_per_client)
    if unfinished >= limits.active_per_client:
        raise QuotaExceededError(
            f"{limits.active_per_client} jobs of this client are queued or running, "
            "and that is how many may be",
            retry_after=ACTIVE_RETRY_SECONDS,
        )
    # Once this one is a minute old, one more is within the limit.
    nth = (
        select(jobs.c.created_at + MINUTE - now())
        .where(mine)
        .order_by(jobs.c.created_at.desc())
        .offset(limits.per_minute_per_client - 1)
        .limit(1)
    )
    wait = await connection.scalar(nth)
    if wait is not None and wait > 0:
        raise QuotaExceededError(
            f"{limits.per_minute_per_client} jobs of this client were created in the last minute, "
            "and that is how many may be",
            retry_after=math.ceil(wait / MICROSECONDS),
        )
    waiting = await _count(connection, queued(jobs), limits.queued)
    if waiting >= limits.queued:
        raise QueueFullError(f"{limits.queued} jobs wait, and that is how many may")


async def _count(connection: AsyncConnection, which: ColumnElement[bool], most: int) -> int:
    """Return how many jobs there are, counting no further than `most`."""
    some = select(jobs.c.job_id).where(which).limit(most).subquery()
    return await connection.scalar(select(func.count()).select_from(some)) or 0
