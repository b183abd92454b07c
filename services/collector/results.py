"""What a job collected, read bit by bit."""

from collections.abc import AsyncIterator

from sqlalchemy import func, select

from services.collector.database import Database
from services.collector.jobs import Record, Reject
from services.collector.storage_errors import ResultsGoneError
from services.collector.tables import jobs, records, rejects

PART_RECORDS = 2_000
PART_BYTES = 4_000_000
"""What is held of a download at once; one record may be more."""


class Results:
    """Records and rejects of jobs, in the order of collection."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def records(self, job_id: str, after: int, limit: int) -> list[tuple[int, Record]]:
        """Return records with their ordinals, those after the ordinal `after`; 0 is before all."""
        wanted = (
            select(records.c.ordinal, records.c.record_id, records.c.body)
            .where(records.c.job_id == job_id, records.c.ordinal > after)
            .order_by(records.c.ordinal)
            .limit(limit)
        )
        async with self._database.reading() as connection:
            rows = (await connection.execute(wanted)).all()
        return [(ordinal, Record(record_id, body)) for ordinal, record_id, body in rows]

    async def rejects(self, job_id: str, limit: int) -> list[Reject]:
        """Return the first rejects that are kept; the job says how many there were."""
        wanted = (
            select(rejects.c.position, rejects.c.field, rejects.c.reason)
            .where(rejects.c.job_id == job_id)
            .order_by(rejects.c.ordinal)
            .limit(limit)
        )
        async with self._database.reading() as connection:
            return [Reject(*row) for row in await connection.execute(wanted)]

    async def lines(self, job_id: str) -> AsyncIterator[bytes]:
        """Yield the bodies of all records, each a line, several lines at a time.

        Each part is a query of its own, so that a slow reader holds no connection.

        Raises:
            ResultsGoneError: the job was removed before the end.
        """
        stored = select(jobs.c.stored).where(jobs.c.job_id == job_id)
        async with self._database.reading() as connection:
            missing = await connection.scalar(stored) or 0
        last = 0
        while bodies := await self._part(job_id, last):
            missing -= len(bodies)
            last = bodies[-1][0]
            yield "".join(f"{body}\n" for _, body in bodies).encode()
        if missing > 0:
            raise ResultsGoneError(f"job {job_id} was removed while its records were read")

    async def _part(self, job_id: str, after: int) -> list[tuple[int, str]]:
        """Return the next bodies with their ordinals, at least one if there is one."""
        next_ones = (
            select(
                records.c.ordinal, records.c.body, func.octet_length(records.c.body).label("size")
            )
            .where(records.c.job_id == job_id, records.c.ordinal > after)
            .order_by(records.c.ordinal)
            .limit(PART_RECORDS)
            .subquery()
        )
        before = func.sum(next_ones.c.size).over(order_by=next_ones.c.ordinal) - next_ones.c.size
        placed = select(next_ones.c.ordinal, next_ones.c.body, before.label("before")).subquery()
        wanted = select(placed.c.ordinal, placed.c.body).where(placed.c.before < PART_BYTES)
        async with self._database.reading() as connection:
            return sorted((ordinal, body) for ordinal, body in await connection.execute(wanted))
