"""No secret of a job reaches what the job leaves behind."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from sqlalchemy import select

from services.collector.database import Database
from services.collector.jobs import JobState, JsonObject, Reject, SourceType
from services.collector.sources.base import Batch, Row, SourceError
from services.collector.tables import jobs, records, rejects, watermarks
from services.collector.tests.number_source import job_in, kept
from services.collector.tests.stored_jobs import submitted
from services.collector.tests.worker.conftest import NewWorker

SECRET = 'sesame/"open" +1'


class TalkativeSource:
    """Writes its secret wherever it can, and fails after two batches."""

    def __init__(self, checkpoints: list[JsonObject | None], kind: str) -> None:
        self._checkpoints = checkpoints
        self._kind = kind

    async def batches(
        self, checkpoint: JsonObject | None, watermark: JsonObject | None
    ) -> AsyncIterator[Batch]:
        """Give two batches, the place after the second of which only the secret names."""
        self._checkpoints.append(checkpoint)
        rows = [Row(f"at {SECRET}", {"record_id": f"r-{SECRET}", SECRET: [SECRET]})]
        yield Batch(rows, {"page": 1})
        bad = [Reject(f"at {SECRET}", SECRET, f"it says {SECRET}")]
        yield Batch([], {"next": f"https://api/?token={SECRET}"}, bad, {"since": SECRET})
        if self._kind == "refuses":
            raise SourceError("source-refused", f"it said {SECRET}", permanent=True)
        if self._kind == "breaks":
            raise RuntimeError(f"password={SECRET}")


class TalkativeOpener:
    """Opens sources that write their secret wherever they can."""

    def __init__(self) -> None:
        self.checkpoints: list[JsonObject | None] = []

    def open_source(self, source_type: SourceType, config: JsonObject) -> TalkativeSource:
        """Return a source that ends as the config says."""
        return TalkativeSource(self.checkpoints, config["kind"])

    def secrets_of(self, source_type: SourceType, config: JsonObject) -> Sequence[str]:
        """Return the secret."""
        return [SECRET]


async def everything(database: Database) -> str:
    """Return all that the tables of jobs hold."""
    found: list[Any] = []
    async with database.reading() as connection:
        for table in (jobs, records, rejects, watermarks):
            found += [dict(row) for row in (await connection.execute(select(table))).mappings()]
    return repr(found)


@pytest.mark.parametrize(
    ("kind", "state"),
    [
        ("succeeds", JobState.SUCCEEDED),
        ("refuses", JobState.FAILED),
        ("breaks", JobState.DEAD),
    ],
)
async def test_a_source_that_writes_its_secret_everywhere_is_heard_without_it(
    database: Database,
    new_worker: NewWorker,
    capfd: pytest.CaptureFixture[str],
    kind: str,
    state: JobState,
) -> None:
    opener = TalkativeOpener()
    job = await submitted(database, series="talk", config={"kind": kind})
    async with new_worker(opener, max_attempts=2).running():
        await job_in(database, job.job_id, state)
    left = await everything(database) + "".join(capfd.readouterr())
    assert "[redacted]" in left
    assert "sesame" not in left
    assert ["r-[redacted]"] == list(await kept(database, job.job_id))


async def test_a_job_goes_on_from_the_last_place_that_can_be_written_without_a_secret(
    database: Database, new_worker: NewWorker
) -> None:
    opener = TalkativeOpener()
    job = await submitted(database, config={"kind": "breaks"})
    async with new_worker(opener, max_attempts=2).running():
        await job_in(database, job.job_id, JobState.DEAD)
    assert opener.checkpoints[0] is None
    assert [{"page": 1}] * (len(opener.checkpoints) - 1) == opener.checkpoints[1:]


async def test_secrets_that_cannot_be_read_are_tried_again(
    database: Database, new_worker: NewWorker
) -> None:
    class LocksOnce(TalkativeOpener):
        def secrets_of(self, source_type: SourceType, config: JsonObject) -> Sequence[str]:
            """Refuse the first time."""
            if not locked.is_set():
                locked.set()
                raise SourceError("secret-unavailable", "its file is missing", permanent=False)
            return [SECRET]

    locked = asyncio.Event()
    job = await submitted(database, config={"kind": "succeeds"})
    async with new_worker(LocksOnce()).running():
        await job_in(database, job.job_id, JobState.SUCCEEDED)
