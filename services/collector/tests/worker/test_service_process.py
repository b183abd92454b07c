"""The service as it is deployed: its server, PostgreSQL and Redis, and the signals of a machine."""

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from aiohttp import web

from services.collector.database import Database
from services.collector.jobs import JobState
from services.collector.tests.number_source import SOON, job_in, job_when, kept, numbers
from services.collector.tests.stored_jobs import job_of
from tools.redis_local.server import RedisLocal

PROGRAM = (
    "import sys; from libs.service_kit.server import serve;"
    "sys.exit(serve('services.collector.app:app', port=0))"
)
ROWS = 120
SIZE = 5


@pytest.fixture
def database_url(postgres_url: str) -> str:
    """PostgreSQL alone: the embedded database is for one process."""
    return postgres_url


@asynccontextmanager
async def slow_api() -> AsyncIterator[str]:
    """Yield the address of an API that takes its time for every page."""

    async def answer(request: web.Request) -> web.Response:
        await asyncio.sleep(0.15)
        first = int(request.query["offset"])
        found = range(first, min(first + int(request.query["limit"]), ROWS))
        return web.json_response([{"n": n, "record_id": f"r{n}"} for n in found])

    app = web.Application()
    app.router.add_get("/numbers", answer)
    runner = web.AppRunner(app, shutdown_timeout=0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/numbers"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def service(
    database_url: str, redis_url: str, sources: Path
) -> AsyncIterator[tuple[asyncio.subprocess.Process, httpx.AsyncClient]]:
    """Run the service while the context lasts."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", PROGRAM),
        stdout=PIPE,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(sys.path),
            "PORT": "0",
            "DATABASE_URL": database_url,
            "REDIS_URL": redis_url,
            "SOURCES_FILE": str(sources),
            "LEASE_SECONDS": "30",
            "POLL_SECONDS": "1",
        },
    )
    assert process.stdout
    reading: asyncio.Task[bytes] | None = None
    try:
        async with asyncio.timeout(SOON):
            while (line := json.loads(await process.stdout.readline())).get("event") != "listening":
                pass
        reading = asyncio.create_task(process.stdout.read())
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{line['port']}") as client:
            yield process, client
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        if reading is not None:
            await reading


async def test_sigterm_ends_the_service_in_order_though_redis_was_restarted_and_its_job_goes_on(
    database: Database, database_url: str, redis: RedisLocal, tmp_path: Path
) -> None:
    sources = tmp_path / "sources.json"
    sources.write_text('{"networks": ["127.0.0.0/8"]}')
    async with slow_api() as url:
        paging = {"kind": "offset", "size": SIZE}
        config = {"url": url, "paging": paging, "requests_per_second": 100}
        async with service(database_url, redis.url, sources) as (process, client):
            answer = await client.post(
                "/api/v1/jobs/trigger", json={"source_type": "api", "config": config}
            )
            assert 202 == answer.status_code, answer.text
            job_id = answer.headers["Location"].rsplit("/", 1)[-1]
            await job_when(database, job_id, lambda job: job.stored >= 2 * SIZE)
            await asyncio.to_thread(redis.restart)
            await job_when(database, job_id, lambda job: job.stored >= 6 * SIZE)
            process.send_signal(signal.SIGTERM)
            async with asyncio.timeout(SOON):
                assert 0 == await process.wait()
        job = await job_of(database, job_id)
        assert (JobState.QUEUED, 0) == (job.state, job.attempts)
        assert 6 * SIZE <= job.stored < ROWS
        async with service(database_url, redis.url, sources):
            await job_in(database, job_id, JobState.SUCCEEDED)
    assert numbers(ROWS) == await kept(database, job_id)
