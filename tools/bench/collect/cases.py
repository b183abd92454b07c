"""The jobs that both services are given, and whether they stored the same."""

import asyncio
import json
from pathlib import Path
from typing import Any

import aiohttp

from tools.bench.beside.bench import PLAIN, PLATFORM, Answered, AnswerError, Bench, Case, Side
from tools.bench.collect.sources import CSV_FILE, DATABASE, NDJSON_FILE, TABLE, write_sources
from tools.bench.orders.serving import plain_service, platform_service

_JOBS = "/api/v1/jobs"
_SHAPE = {"shape": {"record_id": "record_id"}}
_LOOK_SECONDS = 0.05
_UNFINISHED = ("queued", "running")
_MANY = "100000"


def bench(folder: Path, rows: int = 20_000) -> Bench:
    """Write the sources into `folder`, and return the bench."""
    exports, ours = folder / "exports", folder / "collector"
    exports.mkdir()
    write_sources(exports, rows)
    shop = f"sqlite:///{exports / DATABASE}"
    sites = {"files": {"exports": str(exports)}, "databases": {"shop": {"url": shop}}}
    (folder / "sources.json").write_text(json.dumps(sites))
    triggers: dict[str, dict[str, Any]] = {
        "CSV": {"source_type": "file", "config": {"root": "exports", "path": CSV_FILE}},
        "NDJSON": {"source_type": "file", "config": {"root": "exports", "path": NDJSON_FILE}},
        "SQLite": {"source_type": "database", "config": {"connection": "shop", "table": TABLE}},
    }
    return Bench(
        title="What collecting records costs",
        target="//tools/bench/collect",
        records="rows",
        sides={
            PLATFORM: Side(
                platform_service("collector"),
                {
                    "DATA_DIR": str(ours),
                    "SOURCES_FILE": str(folder / "sources.json"),
                    "MAX_ACTIVE_JOBS_PER_CLIENT": _MANY,
                    "MAX_JOBS_PER_MINUTE_PER_CLIENT": _MANY,
                    "MAX_QUEUED_JOBS": _MANY,
                },
            ),
            PLAIN: Side(
                plain_service("tools.bench.collect.plain.service:app"),
                {
                    "DATABASE_URL": f"sqlite:///{folder / 'plain.sqlite3'}",
                    "EXPORTS": str(exports),
                    "SHOP_URL": shop,
                },
            ),
        },
        cases=[
            _case(f"{rows:,} rows of {name}", rows, {**job, "config": {**job["config"], **_SHAPE}})
            for name, job in triggers.items()
        ],
    )


def same(platform: Answered, plain: Answered) -> None:
    """Compare what was stored: the same records with the same fields, whatever their order."""
    ours, theirs = _records(platform), _records(plain)
    for name in sorted(ours.keys() | theirs.keys()):
        if ours.get(name) != theirs.get(name):
            raise AnswerError(
                f"{name}: the platform has {ours.get(name)}, the plain service {theirs.get(name)}"
            )
    if platform.headers != plain.headers:
        raise AnswerError(f"jobs end as {platform.headers} and {plain.headers}")


def _records(answer: Answered) -> dict[str, Any]:
    records = [json.loads(line) for line in answer.body.splitlines()]
    by_name = {record["record_id"]: record for record in records}
    if len(by_name) < len(records):
        raise AnswerError("a record is stored twice")
    return by_name


def _case(name: str, rows: int, trigger: dict[str, Any]) -> Case:
    async def collect(session: aiohttp.ClientSession, url: str) -> Answered:
        job = await _json(session, "POST", f"{url}{_JOBS}/trigger", trigger)
        while job["status"] in _UNFINISHED:
            await asyncio.sleep(_LOOK_SECONDS)
            job = await _json(session, "GET", f"{url}{_JOBS}/status/{job['job_id']}")
        if job["status"] != "succeeded":
            raise AnswerError(f"a job {job['status']}: {job['problem']}")
        counts = {count: str(job[count]) for count in ("stored", "rejected")}
        return Answered(job["job_id"].encode(), counts)

    async def show(session: aiohttp.ClientSession, url: str) -> Answered:
        job = await collect(session, url)
        path = f"{url}{_JOBS}/result/{job.body.decode()}/download"
        async with session.get(path, raise_for_status=True) as answer:
            return Answered(await answer.read(), job.headers)

    return Case(name, records=rows, ask=collect, show=show, same=same, clients=1)


async def _json(
    session: aiohttp.ClientSession, method: str, url: str, body: object = None
) -> dict[str, Any]:
    async with session.request(method, url, json=body) as answer:
        if not answer.ok:
            raise AnswerError(f"{method} {url}: {answer.status} {await answer.text()}")
        found: dict[str, Any] = await answer.json()
        return found
