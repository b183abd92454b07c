"""What the routes have done: jobs taken on, told of, ended and started again."""

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import orjson

from libs.cursors import BadCursorError, decode_cursor, encode_cursor
from libs.service_kit import ProblemError
from services.collector.deliveries import Deliveries
from services.collector.job_rows import cursor_of
from services.collector.job_store import JobStore, Limits, NewJob
from services.collector.jobs import FINISHED, Job
from services.collector.messages import JobOut, JobPage, ListQuery, PageQuery, RejectOut
from services.collector.problems import (
    BAD_CURSOR,
    JOB_NOT_FINISHED,
    JOB_NOT_FOUND,
    JOB_NOT_REPLAYABLE,
    KEY_REUSED,
    QUEUE_FULL,
    QUOTA_EXCEEDED,
    SOURCE_REFUSED,
    TOO_MANY_DOWNLOADS,
)
from services.collector.results import Results
from services.collector.sites import Sites
from services.collector.sources.base import SourceError
from services.collector.sources.opening import check_config
from services.collector.storage_errors import (
    KeyReusedError,
    NotReplayableError,
    QueueFullError,
    QuotaExceededError,
)
from services.collector.triggers import (
    ApiTrigger,
    DatabaseConfig,
    DatabaseTrigger,
    FileTrigger,
    config_json,
)

_JOB_ID = re.compile(r"[0-9a-f]{32}")
_NUMBER = re.compile(r"[0-9]{1,18}")
_MOST_REJECTS = 1_000
_AT_ONCE = 50
_MOST_PAGE_BYTES = 4_000_000
"""Of records in a page, the last apart: each may have a megabyte."""
_QUEUE_SECONDS = 10
_POLL_SECONDS = 2


class JobService:
    """Jobs of clients; each sees its own."""

    def __init__(
        self,
        store: JobStore,
        results: Results,
        deliveries: Deliveries,
        *,
        sites: Sites,
        limits: Limits,
        max_downloads: int,
    ) -> None:
        self._store = store
        self._results = results
        self._deliveries = deliveries
        self._sites = sites
        self._limits = limits
        self._max_downloads = max_downloads
        self._downloads = 0

    async def trigger(
        self, client: str, wanted: ApiTrigger | DatabaseTrigger | FileTrigger, key: str | None
    ) -> Job:
        """Take a job on; with the same key again, return the same one."""
        config = wanted.config
        try:
            check_config(config, self._sites)
        except SourceError as refusal:
            raise ProblemError(SOURCE_REFUSED, refusal.detail, reason=refusal.kind) from refusal
        new = NewJob(
            client=client,
            source_type=wanted.source_type,
            config=config_json(config),
            idempotency_key=key,
            series=config.series if isinstance(config, DatabaseConfig) else None,
        )
        try:
            with _within_limits():
                submitted = await self._store.submit(new, self._limits)
        except KeyReusedError as error:
            raise ProblemError(
                KEY_REUSED, "the key belongs to a job with another config; use a new key"
            ) from error
        if submitted.created:
            self._deliveries.deliver(submitted.job.job_id)
        return submitted.job

    async def status(self, client: str, job_id: str) -> Job:
        """Return a job of the client."""
        return _found(await self._store.get(_known_form(job_id), client), job_id)

    async def page(self, client: str, query: ListQuery) -> JobPage:
        """Return a page of the client's jobs."""
        before = None if query.cursor is None else _place_in_list(query.cursor)
        jobs = await self._store.jobs(
            client=client, state=query.state, before=before, limit=query.limit + 1
        )
        shown = jobs[: query.limit]
        more = len(jobs) > query.limit
        return JobPage(
            jobs=[JobOut.of(job) for job in shown],
            next_cursor=_cursor_after(shown[-1]) if more else None,
        )

    async def cancel(self, client: str, job_id: str) -> Job:
        """End a job of the client: at once while it waits, soon while it runs."""
        return _found(await self._store.cancel(_known_form(job_id), client), job_id)

    async def replay(self, client: str, job_id: str) -> Job:
        """Start a failed or dead job again where it was."""
        try:
            with _within_limits():
                replayed = await self._store.replay(_known_form(job_id), client, self._limits)
        except NotReplayableError as error:
            raise ProblemError(
                JOB_NOT_REPLAYABLE, f"the job is {error.state}", job_status=error.state
            ) from error
        job = _found(replayed, job_id)
        self._deliveries.deliver(job.job_id)
        return job

    async def result(self, client: str, job_id: str, query: PageQuery) -> bytes:
        """Return a `ResultPage` of a finished job as JSON."""
        after = 0 if query.cursor is None else _place_in_result(query.cursor, job_id)
        job = await self._finished(client, job_id)
        bodies: list[orjson.Fragment] = []
        size = 0
        more = True
        while more and len(bodies) < query.limit and size < _MOST_PAGE_BYTES:
            wanted = min(_AT_ONCE, query.limit - len(bodies))
            # One more than wanted tells whether there are more.
            found = await self._results.records(job_id, after, wanted + 1)
            more = len(found) > wanted
            for ordinal, record in found[:wanted]:
                bodies.append(orjson.Fragment(record.body))
                size += len(record.body)
                after = ordinal
        rejects = [] if query.cursor else await self._results.rejects(job_id, _MOST_REJECTS)
        return orjson.dumps(
            {
                "job": JobOut.of(job).model_dump(mode="json"),
                "records": bodies,
                "rejects": [RejectOut.of(reject).model_dump() for reject in rejects],
                "next_cursor": (
                    encode_cursor({"job_id": job_id, "after": str(after)}) if more else None
                ),
            }
        )

    async def download(self, client: str, job_id: str) -> AsyncIterator[bytes]:
        """Return all records of a finished job as NDJSON, piece by piece."""
        await self._finished(client, job_id)
        return self._results.lines(job_id)

    @contextmanager
    def downloading(self) -> Iterator[None]:
        """Count a download while the context lasts. Raise ProblemError when there are too many."""
        if self._downloads >= self._max_downloads:
            raise ProblemError(
                TOO_MANY_DOWNLOADS,
                f"{self._max_downloads} results are being downloaded; repeat the request later",
                headers={"Retry-After": str(_QUEUE_SECONDS)},
            )
        self._downloads += 1
        try:
            yield
        finally:
            self._downloads -= 1

    async def _finished(self, client: str, job_id: str) -> Job:
        job = await self.status(client, job_id)
        if job.state not in FINISHED:
            raise ProblemError(
                JOB_NOT_FINISHED,
                f"the job is {job.state}; come again when its status says that it ended",
                headers={"Retry-After": str(_POLL_SECONDS)},
                job_status=job.state,
            )
        return job


@contextmanager
def _within_limits() -> Iterator[None]:
    try:
        yield
    except QuotaExceededError as error:
        raise ProblemError(
            QUOTA_EXCEEDED, str(error), headers={"Retry-After": str(error.retry_after)}
        ) from error
    except QueueFullError as error:
        raise ProblemError(
            QUEUE_FULL,
            "too many jobs wait for a worker; repeat the request later",
            headers={"Retry-After": str(_QUEUE_SECONDS)},
        ) from error


def _known_form(job_id: str) -> str:
    """Return an id that there may be; others are not for the database to see."""
    if not _JOB_ID.fullmatch(job_id):
        raise _not_found()
    return job_id


def _found(job: Job | None, job_id: str) -> Job:
    if job is None:
        raise _not_found()
    return job


def _not_found() -> ProblemError:
    return ProblemError(JOB_NOT_FOUND, "no job of this client has this id")


def _cursor_after(job: Job) -> str:
    created_at, job_id = cursor_of(job)
    return encode_cursor({"created_at": str(created_at), "job_id": job_id})


def _place_in_list(cursor: str) -> tuple[int, str]:
    key = _decoded(cursor, "created_at", "job_id")
    if not _NUMBER.fullmatch(key["created_at"]) or not _JOB_ID.fullmatch(key["job_id"]):
        raise _bad_cursor("the cursor names no job")
    return int(key["created_at"]), key["job_id"]


def _place_in_result(cursor: str, job_id: str) -> int:
    key = _decoded(cursor, "job_id", "after")
    if key["job_id"] != job_id or not _NUMBER.fullmatch(key["after"]):
        raise _bad_cursor("the cursor is of another job's result")
    return int(key["after"])


def _decoded(cursor: str, *names: str) -> dict[str, str]:
    try:
        return decode_cursor(cursor, names=names)
    except BadCursorError as error:
        raise _bad_cursor(str(error)) from error


def _bad_cursor(reason: str) -> ProblemError:
    return ProblemError(BAD_CURSOR, f"{reason}; start again without a cursor")
