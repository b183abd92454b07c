"""What collector answers, beside what it is asked in `triggers`."""

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from libs.contracts.models import ResponseModel
from services.collector.jobs import Job, JobState, Reject, SourceType

type Row = Annotated[
    dict[str, Any], Field(json_schema_extra={"examples": [{"record_id": "41", "sku": "APPLE"}]})
]


class ListQuery(BaseModel):
    """Parameters of the list of jobs."""

    model_config = ConfigDict(extra="forbid")

    state: JobState | None = None
    cursor: str | None = None
    limit: Annotated[int, Field(ge=1, le=100)] = 20


class PageQuery(BaseModel):
    """Parameters of a page of a result."""

    model_config = ConfigDict(extra="forbid")

    cursor: str | None = None
    limit: Annotated[int, Field(ge=1, le=1_000)] = 100


class JobProblemOut(ResponseModel):
    """What went wrong last; of a job that goes on, too."""

    kind: Annotated[str, Field(examples=["source-unavailable"])]
    detail: str


class JobOut(ResponseModel):
    """A job: what was asked for, and how far it is."""

    job_id: Annotated[str, Field(examples=["0194f2c3a1b87c4e9d0f5a6b7c8d9e0f"])]
    status: JobState
    source_type: SourceType
    config: dict[str, Any]
    """As it was asked for, with the defaults: names of secrets, never their values."""
    attempts: int
    """Attempts since the job last made progress."""
    created_at: datetime
    due_at: datetime | None
    """Of a queued job: when it may be worked on, later than now after an attempt that failed."""
    started_at: datetime | None
    finished_at: datetime | None
    stored: int
    """Distinct records kept."""
    rejected: int
    """Rows that became no record."""
    cancel_requested: bool
    problem: JobProblemOut | None

    @classmethod
    def of(cls, job: Job) -> "JobOut":
        """Return a job as it is told."""
        return cls(
            job_id=job.job_id,
            status=job.state,
            source_type=job.source_type,
            config=job.config,
            attempts=job.attempts,
            created_at=_moment(job.created_at),
            due_at=_moment(job.due_at) if job.state is JobState.QUEUED else None,
            started_at=None if job.started_at is None else _moment(job.started_at),
            finished_at=None if job.finished_at is None else _moment(job.finished_at),
            stored=job.stored,
            rejected=job.rejected,
            cancel_requested=job.cancel_requested,
            problem=job.problem and JobProblemOut(kind=job.problem.kind, detail=job.problem.detail),
        )


class JobPage(ResponseModel):
    """Jobs of a client, newest first."""

    jobs: list[JobOut]
    next_cursor: str | None
    """Null on the last page."""


class RejectOut(ResponseModel):
    """A row that became no record."""

    position: Annotated[str, Field(examples=["line 7"])]
    """Where it stood at its source."""
    field: str | None
    """Null when it is the row as a whole."""
    reason: str

    @classmethod
    def of(cls, reject: Reject) -> "RejectOut":
        """Return a reject as it is told."""
        return cls(position=reject.position, field=reject.field, reason=reject.reason)


class ResultPage(ResponseModel):
    """What a finished job collected, in the order in which it came."""

    job: JobOut
    records: list[Row]
    rejects: list[RejectOut]
    """On the first page, the first 1,000 of the job; empty on the others."""
    next_cursor: str | None
    """Null on the last page."""


def _moment(unix_seconds: float) -> datetime:
    return datetime.fromtimestamp(unix_seconds, UTC)
