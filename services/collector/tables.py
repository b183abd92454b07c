"""The collector's tables. What they look like is said here and, step by step, in `migrations`.

A time is a whole number of microseconds since 1970 by the database's clock, because workers on
several machines compare them.
"""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ColumnElement,
    ForeignKey,
    FromClause,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    literal_column,
    text,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

MICROSECONDS = 1_000_000

metadata = MetaData()

jobs = Table(
    "jobs",
    metadata,
    Column("job_id", String(32), primary_key=True),
    Column("client", Text, nullable=False),
    Column("source_type", String(16), nullable=False),
    Column("config", Text, nullable=False),
    Column("state", String(16), nullable=False),
    # Attempts since the job last made progress.
    Column("attempts", Integer, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    # From when on a worker may take the job; while one holds it, the end of its lease.
    Column("due_at", BigInteger, nullable=False),
    Column("started_at", BigInteger),
    Column("finished_at", BigInteger),
    Column("stored", BigInteger, nullable=False),
    Column("rejected", BigInteger, nullable=False),
    Column("cancel_requested", Boolean, nullable=False),
    Column("problem_kind", Text),
    Column("problem_detail", Text),
    Column("idempotency_key", Text),
    Column("request_digest", String(64), nullable=False),
    # Another one with every claim: whoever has an older one may not write.
    Column("lease_token", String(32)),
    Column("lease_owner", Text),
    Column("checkpoint", Text),
    # Of the last batch that had rejects, so that the same batch is not counted twice.
    Column("rejects_digest", String(64)),
    # Since revision 0002.
    Column("series", Text),
    CheckConstraint(
        "state IN ('queued', 'running', 'succeeded', 'failed', 'dead', 'cancelled')",
        name="jobs_state",
    ),
)

_ACTIVE_SQL = "state IN ('queued', 'running')"


def active(table: FromClause) -> ColumnElement[bool]:
    """Return the condition that a job of `jobs` or of its alias is not finished.

    In constants: with parameters, no database knows that the index of these jobs will do.
    """
    return table.c.state.in_([literal_column("'queued'"), literal_column("'running'")])


def queued(table: FromClause) -> ColumnElement[bool]:
    """Return the condition that a job of `jobs` waits, for databases as `active` is."""
    return table.c.state == literal_column("'queued'")


def _partial(condition: str) -> dict[str, Any]:
    """Return the options of an index that has only the rows of a condition."""
    return {"postgresql_where": text(condition), "sqlite_where": text(condition)}


# Lists, newest first: of a client or of all, in any state or in one.
Index("jobs_client", jobs.c.client, jobs.c.created_at, jobs.c.job_id)
Index("jobs_client_state", jobs.c.client, jobs.c.state, jobs.c.created_at, jobs.c.job_id)
Index("jobs_created", jobs.c.created_at, jobs.c.job_id)
Index("jobs_state_created", jobs.c.state, jobs.c.created_at, jobs.c.job_id)
# What a worker may take, the longest due first.
Index("jobs_due", jobs.c.due_at, **_partial(_ACTIVE_SQL))
# What a job of a series has to wait for.
Index(
    "jobs_series",
    jobs.c.client,
    jobs.c.series,
    jobs.c.created_at,
    **_partial(f"series IS NOT NULL AND {_ACTIVE_SQL}"),
)
# What is forgotten, the oldest first.
Index("jobs_finished", jobs.c.finished_at, **_partial("finished_at IS NOT NULL"))
# Keys that are null differ.
Index("jobs_idempotency", jobs.c.client, jobs.c.idempotency_key, unique=True)

records = Table(
    "records",
    metadata,
    Column("job_id", ForeignKey("jobs.job_id", ondelete="CASCADE"), primary_key=True),
    # In the order of collection, from 1 on in each job.
    Column("ordinal", BigInteger, primary_key=True, autoincrement=False),
    Column("record_id", Text, nullable=False),
    Column("body", Text, nullable=False),
)
Index("records_record", records.c.job_id, records.c.record_id, unique=True)

rejects = Table(
    "rejects",
    metadata,
    Column("job_id", ForeignKey("jobs.job_id", ondelete="CASCADE"), primary_key=True),
    # The first 1,000 of each job are kept.
    Column("ordinal", BigInteger, primary_key=True, autoincrement=False),
    Column("position", Text, nullable=False),
    Column("field", Text),
    Column("reason", Text, nullable=False),
)

# Since revision 0002: how far a series of jobs has come.
watermarks = Table(
    "watermarks",
    metadata,
    Column("client", Text, primary_key=True),
    Column("series", Text, primary_key=True),
    Column("watermark", Text, nullable=False),
    # When the job was created that came so far; an older one cannot set the series back.
    Column("job_created_at", BigInteger, nullable=False),
)


class now(FunctionElement[int]):  # noqa: N801 - reads as the SQL function that it is
    """The database's time when it began with the statement, in microseconds since 1970."""

    type = BigInteger()
    inherit_cache = True


@compiles(now, "postgresql")
def _now_postgresql(element: now, compiler: SQLCompiler, **options: Any) -> str:
    # Stable within a statement, unlike clock_timestamp(), so that an index serves a comparison.
    return "CAST(extract(epoch FROM statement_timestamp()) * 1000000 AS BIGINT)"


@compiles(now, "sqlite")
def _now_sqlite(element: now, compiler: SQLCompiler, **options: Any) -> str:
    return "CAST(unixepoch('subsec') * 1000000 AS INTEGER)"
