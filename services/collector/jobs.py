"""A job: what was asked for, and how far it is."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal

type SourceType = Literal["api", "database", "file"]
type JsonObject = dict[str, Any]


class JobState(StrEnum):
    """Where a job is; README.md has the picture."""

    QUEUED = "queued"
    """Waits for a worker, for the first time or, after a failed attempt, until it is due."""
    RUNNING = "running"
    """A worker holds it under a lease; without a renewal another worker takes it over."""
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    """No further attempt can help: the source refuses, or is not what the job says."""
    DEAD = "dead"
    """Every attempt failed, though a later one may not: it can be replayed."""
    CANCELLED = "cancelled"


FINISHED = frozenset({JobState.SUCCEEDED, JobState.FAILED, JobState.DEAD, JobState.CANCELLED})
REPLAYABLE = frozenset({JobState.FAILED, JobState.DEAD})


@dataclass(frozen=True, slots=True)
class Job:
    """A job as the database has it. Times are seconds since 1970 by the database's clock."""

    job_id: str
    client: str
    source_type: SourceType
    config: JsonObject
    """As it was asked for: names of secrets, never their values."""
    state: JobState
    attempts: int
    """Attempts since the job last made progress."""
    created_at: float
    due_at: float
    started_at: float | None
    finished_at: float | None
    stored: int
    """Distinct records kept."""
    rejected: int
    """Rows that became no record."""
    cancel_requested: bool
    problem: "JobProblem | None"
    """What went wrong last; of a job that goes on, too."""


@dataclass(frozen=True, slots=True)
class JobProblem:
    """Why an attempt failed, in words that hold no secret."""

    kind: str
    """A stable name, such as `source-unavailable`."""
    detail: str


@dataclass(frozen=True, slots=True)
class Record:
    """A record kept for a job."""

    record_id: str
    body: str
    """A JSON object in one line."""


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that became no record."""

    position: str
    """Where it stood at its source: `line 7`, `page 2, record 3`."""
    field: str | None
    reason: str
