"""Have collector collect, follow its jobs to their end, and fetch what they collected."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any

from tools.dev.client import Answer, Client, NoAnswerError
from tools.dev.errors import DevError
from tools.dev.reorder.jobs import Collection

PATIENCE_SECONDS = 120.0
"""How long all jobs may take, a new start of collector included."""
POLL_SECONDS = 0.1
FINISHED = ("succeeded", "failed", "dead", "cancelled")

type Json = dict[str, Any]


@dataclass(frozen=True)
class Collected:
    """What came of one job."""

    collection: Collection
    job: Json
    """As collector described it last."""
    records: Sequence[Json]
    rejects: Sequence[Json]
    """Rows that collector made no record of: position, field and reason."""
    said: str
    """Everything that collector answered about the job."""

    @property
    def source(self) -> str:
        """As the records name it."""
        return self.collection.source

    @property
    def record_ids(self) -> list[str]:
        """The names of all records, sorted; one that was collected twice is there twice."""
        return sorted(str(record["record_id"]) for record in self.records)

    @property
    def seconds(self) -> float:
        """From the request to the job's end."""
        created, finished = (
            datetime.fromisoformat(self.job[name]) for name in ("created_at", "finished_at")
        )
        return (finished - created).total_seconds()


async def collect(
    client: Client, collections: Sequence[Collection], *, stored: Callable[[int], None]
) -> list[Collected]:
    """Trigger all jobs, wait until all have ended, and return what they collected.

    Args:
        client: of collector.
        collections: what to ask for.
        stored: is told, again and again, how many records the first of the jobs has stored.

    Raises:
        DevError: collector refuses, a job does not succeed, or they take too long.
    """
    run = uuid.uuid4().hex
    try:
        names = [await _trigger(client, one, f"demo-{run}-{one.source}") for one in collections]
        await _follow(client, names, stored)
        return [
            await _fetch(client, one, name) for one, name in zip(collections, names, strict=True)
        ]
    except NoAnswerError as error:
        raise DevError(f"collector does not answer: {error}") from error


async def _trigger(client: Client, collection: Collection, key: str) -> str:
    answer = await client.post("/api/v1/jobs/trigger", collection.trigger, key=key)
    return str(_expected(answer, HTTPStatus.ACCEPTED, collection.source)["job_id"])


async def _follow(client: Client, names: Sequence[str], stored: Callable[[int], None]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        jobs = [await _status(client, name) for name in names]
        stored(int(jobs[0]["stored"]))
        if all(job["status"] in FINISHED for job in jobs):
            return
        if time.monotonic() > deadline:
            raise DevError(f"jobs are still under way after {PATIENCE_SECONDS:g} s: {jobs}")
        await asyncio.sleep(POLL_SECONDS)


async def _status(client: Client, name: str) -> Json:
    answer = await client.get(f"/api/v1/jobs/status/{name}")
    return _expected(answer, HTTPStatus.OK, f"job {name}")


async def _fetch(client: Client, collection: Collection, name: str) -> Collected:
    job = await _status(client, name)
    if job["status"] != "succeeded":
        raise DevError(f"{collection.source} was not collected: {job}")
    result = await client.get(f"/api/v1/jobs/result/{name}")
    download = await client.get(f"/api/v1/jobs/result/{name}/download")
    for answer in (result, download):
        if answer.status != HTTPStatus.OK:
            raise DevError(f"collector answers {answer} for the result of {collection.source}")
    lines = download.body.decode()
    said = "\n".join([json.dumps(job), result.body.decode(), lines])
    records = [json.loads(line) for line in lines.splitlines()]
    return Collected(collection, job, records, result.document["rejects"], said)


def _expected(answer: Answer, status: HTTPStatus, what: str) -> Json:
    if answer.status != status:
        raise DevError(f"collector answers {answer} for {what}: {answer.body.decode()[:1000]}")
    return answer.document
