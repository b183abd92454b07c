"""What jobs should be, whatever workers and clients do, and whether they are."""

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from services.collector.database import Database
from services.collector.job_store import JobStore
from services.collector.jobs import FINISHED, REPLAYABLE, JobState
from services.collector.tables import records, rejects

ATTEMPTS = 2


@dataclass
class ModelJob:
    """A job as it should be."""

    number: int
    """In the order of submission."""
    series: str | None
    state: JobState = JobState.QUEUED
    attempts: int = 0
    records: dict[str, str] = field(default_factory=dict)
    rejected: int = 0
    checkpoint: dict[str, Any] | None = None
    cancel_requested: bool = False
    due: bool = True
    """Whether its time has come or, while it runs, its lease ran out."""
    holder: str | None = None
    """Token of the claim that may write."""

    def end(self, state: JobState) -> None:
        self.state, self.holder = state, None

    @property
    def is_finished(self) -> bool:
        return self.state in FINISHED

    @property
    def is_doomed(self) -> bool:
        """Whether it ends when somebody claims it."""
        return self.cancel_requested or self.attempts >= ATTEMPTS

    def doom(self) -> None:
        self.end(JobState.CANCELLED if self.cancel_requested else JobState.DEAD)

    def take(self, token: str) -> None:
        self.state, self.holder, self.due = JobState.RUNNING, token, False
        self.attempts += 1
        if self.checkpoint is None:
            self.rejected = 0

    def store(
        self, records: list[tuple[str, str]], rejects: int, checkpoint: dict[str, Any] | None
    ) -> int:
        """Add a batch; return how many records are new."""
        before = len(self.records)
        for record_id, body in records:
            self.records.setdefault(record_id, body)
        new = len(self.records) - before
        if new or checkpoint != self.checkpoint:
            self.attempts = 0
        self.rejected += rejects
        self.checkpoint = checkpoint
        return new

    def give_back(self, *, due: bool) -> None:
        self.state, self.holder, self.due = JobState.QUEUED, None, due
        if self.cancel_requested:
            self.end(JobState.CANCELLED)

    def release(self) -> None:
        self.attempts = max(0, self.attempts - 1)
        self.give_back(due=True)

    def cancel(self) -> None:
        if self.state == JobState.QUEUED or (self.state == JobState.RUNNING and self.due):
            self.end(JobState.CANCELLED)
        elif self.state == JobState.RUNNING:
            self.cancel_requested = True

    @property
    def is_replayable(self) -> bool:
        return self.state in REPLAYABLE

    def replay(self) -> None:
        self.state, self.attempts, self.due = JobState.QUEUED, 0, True
        self.cancel_requested = False


@dataclass
class Model:
    """All jobs as they should be, and how far each series came."""

    jobs: dict[str, ModelJob] = field(default_factory=dict)
    watermarks: dict[str, tuple[int, dict[str, Any]]] = field(default_factory=dict)
    """By series: the number of the job that came so far, and where."""

    def submit(self, job_id: str, series: str | None) -> None:
        self.jobs[job_id] = ModelJob(len(self.jobs), series)

    def unfinished(self) -> list[str]:
        return [job_id for job_id, job in self.jobs.items() if not job.is_finished]

    def choose(self, choice: int) -> str:
        """Return an unfinished job if there is one: most happens to those."""
        job_ids = self.unfinished() or list(self.jobs)
        return job_ids[choice % len(job_ids)]

    def choose_replayable(self, choice: int) -> str:
        """Return a job that can be replayed if there is one."""
        replayable = [job_id for job_id, job in self.jobs.items() if job.is_replayable]
        job_ids = replayable or list(self.jobs)
        return job_ids[choice % len(job_ids)]

    def is_claimable(self, job_id: str) -> bool:
        job = self.jobs[job_id]
        waits = job.series is not None and any(
            other.series == job.series and other.number < job.number and not other.is_finished
            for other in self.jobs.values()
        )
        return job.due and not job.is_finished and not waits

    def watermark(self, job_id: str) -> dict[str, Any] | None:
        series = self.jobs[job_id].series
        standing = None if series is None else self.watermarks.get(series)
        return None if standing is None else standing[1]

    def succeed(self, job_id: str, watermark: dict[str, Any] | None) -> None:
        job = self.jobs[job_id]
        job.end(JobState.SUCCEEDED)
        if job.series is None or watermark is None:
            return
        number, _ = self.watermarks.get(job.series, (-1, {}))
        if job.number >= number:
            self.watermarks[job.series] = (job.number, watermark)

    def let_pass(self) -> None:
        for job in self.jobs.values():
            job.due = True


async def assert_jobs_are_those_of(model: Model, database: Database) -> None:
    """Compare every job with the model, to the last record."""
    found = {job.job_id: job for job in await JobStore(database).jobs(client=None, limit=100)}
    assert model.jobs.keys() == found.keys()
    async with database.reading() as connection:
        in_order = select(records).order_by(records.c.job_id, records.c.ordinal)
        kept = (await connection.execute(in_order)).all()
        rejected = (await connection.scalars(select(rejects.c.job_id))).all()
    for job_id, expected in model.jobs.items():
        job = found[job_id]
        assert (
            expected.state,
            expected.attempts,
            expected.cancel_requested,
            len(expected.records),
            expected.rejected,
        ) == (job.state, job.attempts, job.cancel_requested, job.stored, job.rejected)
        assert (job.finished_at is not None) == expected.is_finished
        own = [(row.record_id, row.body) for row in kept if row.job_id == job_id]
        assert list(expected.records.items()) == own
        assert expected.rejected == rejected.count(job_id)
