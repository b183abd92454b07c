"""A batch of a job, written by the worker that holds it."""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import orjson
from sqlalchemy import ARRAY, RowMapping, Text, bindparam, func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collector.job_rows import storable
from services.collector.jobs import Record, Reject
from services.collector.tables import jobs
from services.collector.tables import records as records_table
from services.collector.tables import rejects as rejects_table

KEPT_REJECTS = 1_000
"""Rejects of a job that are kept; all are counted."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What came of a batch."""

    new: int
    """Records that the job did not have."""
    cancel_requested: bool
    """Whether somebody asked to cancel the job."""


# One array for each column: one statement and no work for each record on this side.
_INSERT_ARRAYS = text("""
    INSERT INTO records (job_id, ordinal, record_id, body)
    SELECT :job_id, :last + place, record_id, body
    FROM unnest(:record_ids, :bodies) WITH ORDINALITY AS batch (record_id, body, place)
    ON CONFLICT (job_id, record_id) DO NOTHING
""").bindparams(
    bindparam("job_id", type_=Text),
    bindparam("record_ids", type_=ARRAY(Text)),
    bindparam("bodies", type_=ARRAY(Text)),
)

_INSERT_ROWS = """
    INSERT INTO records (job_id, ordinal, record_id, body) VALUES (?, ?, ?, ?)
    ON CONFLICT (job_id, record_id) DO NOTHING
"""


async def keep_batch(
    connection: AsyncConnection,
    job_id: str,
    row: RowMapping,
    *,
    records: Sequence[Record],
    rejects: Sequence[Reject],
    checkpoint: str | None,
) -> Stored:
    """Keep a batch, in the transaction that locked the `row` of its job."""
    new = await _keep_records(connection, job_id, records) if records else 0
    values: dict[str, Any] = {"checkpoint": checkpoint, "stored": jobs.c.stored + new}
    if rejects:
        digest = _digest(rejects, checkpoint)
        # The same batch again: its commit was not answered.
        if digest != row["rejects_digest"]:
            await _keep_rejects(connection, job_id, rejects, before=row["rejected"])
            values |= {
                "rejected": jobs.c.rejected + len(rejects),
                "rejects_digest": digest,
            }
    if new or checkpoint != row["checkpoint"]:
        values["attempts"] = 0
    await connection.execute(update(jobs).where(jobs.c.job_id == job_id).values(**values))
    return Stored(new=new, cancel_requested=row["cancel_requested"])


async def _keep_records(connection: AsyncConnection, job_id: str, records: Sequence[Record]) -> int:
    """Insert the records that the job does not have; return how many those are."""
    highest = select(func.max(records_table.c.ordinal)).where(records_table.c.job_id == job_id)
    last = await connection.scalar(highest) or 0
    if connection.dialect.name == "postgresql":
        inserted = await connection.execute(
            _INSERT_ARRAYS,
            {
                "job_id": job_id,
                "last": last,
                "record_ids": [record.record_id for record in records],
                "bodies": [record.body for record in records],
            },
        )
    else:
        # By the driver: SQLAlchemy's work for each row costs more than SQLite's.
        inserted = await connection.exec_driver_sql(
            _INSERT_ROWS,
            [
                (job_id, ordinal, record.record_id, record.body)
                for ordinal, record in enumerate(records, start=last + 1)
            ],
        )
    return inserted.rowcount


async def _keep_rejects(
    connection: AsyncConnection, job_id: str, rejects: Sequence[Reject], *, before: int
) -> None:
    kept = rejects[: max(0, KEPT_REJECTS - before)]
    if kept:
        await connection.execute(
            insert(rejects_table),
            [
                {
                    "job_id": job_id,
                    "ordinal": ordinal,
                    "position": storable(reject.position),
                    "field": None if reject.field is None else storable(reject.field),
                    "reason": storable(reject.reason),
                }
                for ordinal, reject in enumerate(kept, start=before + 1)
            ],
        )


def _digest(rejects: Sequence[Reject], checkpoint: str | None) -> str:
    told = [[storable(part or "") for part in asdict(reject).values()] for reject in rejects]
    return hashlib.sha256(orjson.dumps([checkpoint, told])).hexdigest()
