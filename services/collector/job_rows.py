"""Jobs between Python and the rows of the table."""

from collections.abc import Mapping
from typing import Any

import orjson
from sqlalchemy import RowMapping

from services.collector.jobs import Job, JobProblem, JobState, JsonObject
from services.collector.tables import MICROSECONDS, jobs

LONGEST_TEXT = 2_000
"""Characters kept of what a problem or a reject says."""

JOB_COLUMNS = (
    jobs.c.job_id,
    jobs.c.client,
    jobs.c.source_type,
    jobs.c.config,
    jobs.c.state,
    jobs.c.attempts,
    jobs.c.created_at,
    jobs.c.due_at,
    jobs.c.started_at,
    jobs.c.finished_at,
    jobs.c.stored,
    jobs.c.rejected,
    jobs.c.cancel_requested,
    jobs.c.problem_kind,
    jobs.c.problem_detail,
)


def job_of(row: RowMapping, **changed: Any) -> Job:
    """Return the job of a row of JOB_COLUMNS, with columns that were changed since it was read."""
    values: Mapping[str, Any] = {**row, **changed}
    kind = values["problem_kind"]
    return Job(
        job_id=values["job_id"],
        client=values["client"],
        source_type=values["source_type"],
        config=orjson.loads(values["config"]),
        state=JobState(values["state"]),
        attempts=values["attempts"],
        created_at=values["created_at"] / MICROSECONDS,
        due_at=values["due_at"] / MICROSECONDS,
        started_at=_seconds(values["started_at"]),
        finished_at=_seconds(values["finished_at"]),
        stored=values["stored"],
        rejected=values["rejected"],
        cancel_requested=values["cancel_requested"],
        problem=None if kind is None else JobProblem(kind, values["problem_detail"]),
    )


def cursor_of(job: Job) -> tuple[int, str]:
    """Return where a list that ends with `job` goes on; `JobStore.jobs` takes it."""
    return round(job.created_at * MICROSECONDS), job.job_id


def json_of(document: JsonObject) -> str:
    """Return a document as text, the same for equal documents."""
    return orjson.dumps(document, option=orjson.OPT_SORT_KEYS).decode()


def microseconds(seconds: float) -> int:
    """Return a span of time as the tables have it."""
    return round(seconds * MICROSECONDS)


def storable(text: str) -> str:
    """Return words as every database takes them, in so far as that is possible, and not too long.

    They come from sources and from the errors of libraries, and may hold what is no text.
    """
    short = text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"
    return short.replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")


def _seconds(moment: int | None) -> float | None:
    return None if moment is None else moment / MICROSECONDS
