"""A source of numbers, and what a test needs to see of the jobs that collect them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

from services.collector.database import Database
from services.collector.job_store import JobStore
from services.collector.jobs import Job, JobState, JsonObject, Record, SourceType
from services.collector.results import Results
from services.collector.sources.base import Batch, Row

type OnBatch = Callable[[int], Awaitable[None]]

SOON = 30.0


async def _at_once(first: int) -> None:
    """Give a batch without delay."""


class NumberSource:
    """Gives the numbers below `rows`, `batch` at a time.

    Args:
        on_batch: is told of the first number before each batch is given.
    """

    def __init__(self, config: JsonObject, on_batch: OnBatch) -> None:
        self._rows: int = config["rows"]
        self._batch: int = config.get("batch", 10)
        self._on_batch = on_batch

    async def batches(
        self, checkpoint: JsonObject | None, watermark: JsonObject | None
    ) -> AsyncIterator[Batch]:
        """Give the numbers from the checkpoint's on, or from the watermark's."""
        start: int = (checkpoint or watermark or {"next": 0})["next"]
        for first in range(start, self._rows, self._batch):
            await self._on_batch(first)
            end = min(first + self._batch, self._rows)
            numbers = [Row(f"row {n}", {"record_id": f"r{n}", "n": n}) for n in range(first, end)]
            yield Batch(numbers, {"next": end}, watermark={"next": end})


class NumberOpener:
    """Opens sources of numbers; `firsts` has the first number of each batch that was asked for."""

    def __init__(self, on_batch: OnBatch = _at_once, secrets: Sequence[str] = ()) -> None:
        self.firsts: list[int] = []
        self._on_batch = on_batch
        self._secrets = secrets

    def open_source(self, source_type: SourceType, config: JsonObject) -> NumberSource:
        """Return a source of numbers."""
        return NumberSource(config, self._note)

    def secrets_of(self, source_type: SourceType, config: JsonObject) -> Sequence[str]:
        """Return the secrets that were given."""
        return self._secrets

    async def _note(self, first: int) -> None:
        self.firsts.append(first)
        await self._on_batch(first)


def pausing(seconds: float) -> OnBatch:
    """Return what gives batches after a pause each."""

    async def pause(first: int) -> None:
        await asyncio.sleep(seconds)

    return pause


def numbers(rows: int, first: int = 0) -> dict[str, str]:
    """Return what a job's records are, by their ids."""
    return {f"r{n}": f'{{"n":{n},"record_id":"r{n}"}}' for n in range(first, rows)}


async def kept(database: Database, job_id: str) -> dict[str, str]:
    """Return the bodies of a job's records by their ids, each there once."""
    found: list[Record] = []
    after = 0
    while page := await Results(database).records(job_id, after, 1_000):
        found += [record for _, record in page]
        after = page[-1][0]
    by_id = {record.record_id: record.body for record in found}
    assert len(found) == len(by_id)
    return by_id


async def job_when(
    database: Database, job_id: str, condition: Callable[[Job], bool], within: float = SOON
) -> Job:
    """Wait until a job is as it should be."""
    job: Job | None = None
    try:
        async with asyncio.timeout(within):
            while True:
                job = await JobStore(database).get(job_id, None)
                if job is not None and condition(job):
                    return job
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise AssertionError(f"it never came to that: {job}") from None


async def job_in(database: Database, job_id: str, state: JobState, within: float = SOON) -> Job:
    """Wait until a job is in a state."""
    return await job_when(database, job_id, lambda job: job.state is state, within)
