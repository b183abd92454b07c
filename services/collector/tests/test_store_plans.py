"""Every question about jobs and records is answered by an index, without a scan or a sort.

Asked of tables with 20,000 finished jobs, as they are after a while.
"""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest_asyncio
from sqlalchemy import text

from services.collector.database import Database
from services.collector.job_rows import cursor_of
from services.collector.job_store import JobStore, Limits
from services.collector.jobs import JobState, Record, Reject
from services.collector.leases import Claim, Leases
from services.collector.results import Results
from services.collector.tests.statements import plan_of, recorded
from services.collector.tests.stored_jobs import LEASE, claimed, new_job, submitted

LIMITS = Limits(active_per_client=20, per_minute_per_client=60, queued=10_000)
_FILL_JOBS = """
INSERT INTO jobs (job_id, client, source_type, config, state, attempts, created_at, due_at,
    finished_at, stored, rejected, cancel_requested, request_digest)
WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 20000)
SELECT 'finished ' || n, 'client ' || n % 50, 'file', '{}', 'succeeded', 1, n * 1000, n * 1000,
    n * 1000, 0, 0, false, ''
FROM numbers
"""
_FILL_WATERMARKS = """
INSERT INTO watermarks (client, series, watermark, job_created_at)
SELECT job_id, 'sales', '{}', created_at FROM jobs
"""
_SCAN_OR_SORT = re.compile(
    r"Seq Scan|\bSort\b|SCAN (jobs\w*|records|rejects|watermarks)\b|TEMP B-TREE"
)


@dataclass(frozen=True)
class Asked:
    """What the questions are asked of."""

    store: JobStore
    leases: Leases
    results: Results
    claim: Claim


@pytest_asyncio.fixture
async def asked(database: Database) -> Asked:
    """Full tables, some jobs that wait and one that runs."""
    async with database.writing() as connection:
        await connection.execute(text(_FILL_JOBS))
        await connection.execute(text(_FILL_WATERMARKS))
    for client in ("client 1", "client 2", "client 3"):
        for series in (None, "sales"):
            await submitted(database, client, series=series)
    claim = await claimed(database)
    records = [Record(f"r{n}", "{}") for n in range(5_000)]
    rejects = [Reject(f"line {n}", None, "it is empty") for n in range(1_000)]
    await Leases(database).store(claim, records, rejects, {"line": 1})
    async with database.writing() as connection:
        await connection.execute(text("ANALYZE"))
    return Asked(JobStore(database), Leases(database), Results(database), claim)


async def _read_all(asked: Asked) -> None:
    async for _ in asked.results.lines(asked.claim.job.job_id):
        pass


QUESTIONS: dict[str, Callable[[Asked], Awaitable[object]]] = {
    "submit": lambda it: it.store.submit(new_job("client 1", idempotency_key="k"), LIMITS),
    "get": lambda it: it.store.get(it.claim.job.job_id, "client 1"),
    "list": lambda it: it.store.jobs(client="client 1", before=cursor_of(it.claim.job), limit=50),
    "list of a state": lambda it: it.store.jobs(
        client="client 1", state=JobState.SUCCEEDED, before=cursor_of(it.claim.job), limit=50
    ),
    "list of all": lambda it: it.store.jobs(client=None, before=cursor_of(it.claim.job), limit=50),
    "list of all of a state": lambda it: it.store.jobs(client=None, state=JobState.DEAD, limit=50),
    "cancel": lambda it: it.store.cancel(it.claim.job.job_id, "client 1"),
    "oldest due": lambda it: it.store.oldest_due_seconds(),
    "prune": lambda it: it.store.prune(1, 5),
    "claim": lambda it: it.leases.claim("w", LEASE, max_attempts=3),
    "claim one": lambda it: it.leases.claim("w", LEASE, it.claim.job.job_id, max_attempts=3),
    "renew": lambda it: it.leases.renew(it.claim, LEASE),
    "store": lambda it: it.leases.store(it.claim, [Record("new", "{}")], [], {"line": 2}),
    "records": lambda it: it.results.records(it.claim.job.job_id, 100, 50),
    "rejects": lambda it: it.results.rejects(it.claim.job.job_id, 50),
    "lines": _read_all,
}


async def test_an_index_answers_every_question(database: Database, asked: Asked) -> None:
    slow = []
    for question, ask in QUESTIONS.items():
        with recorded() as statements:
            await ask(asked)
        found = [one for one in statements if re.match(r"\s*(SELECT|UPDATE|DELETE)\b", one[0])]
        assert found
        for statement in found:
            plan = await plan_of(database, statement)
            if _SCAN_OR_SORT.search(plan):
                slow.append(f"{question}: {statement[0]}\n{plan}")
    assert not slow, "\n\n".join(slow)


async def test_a_question_without_an_index_would_be_seen(database: Database, asked: Asked) -> None:
    for sql in (
        "SELECT * FROM jobs WHERE attempts = 7",
        "SELECT * FROM jobs WHERE client = 'a' ORDER BY stored",
    ):
        assert _SCAN_OR_SORT.search(await plan_of(database, (sql, ())))
