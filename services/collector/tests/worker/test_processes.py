"""Workers as processes: killed, stopped, and poisoned by a job."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from services.collector.database import Database
from services.collector.jobs import JobState
from services.collector.tests.number_source import SOON, job_in, job_when, kept, numbers
from services.collector.tests.stored_jobs import job_of, submitted
from services.collector.tests.worker.worker_process import MAX_ATTEMPTS

PROGRAM = "services.collector.tests.worker.worker_process"


class WorkerProcess:
    """A running worker; `firsts` has the first number of each batch that it asked for."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.firsts: list[int] = []
        self._has_begun = asyncio.Event()

    async def read(self) -> None:
        """Read what it writes to the end."""
        assert self.process.stdout
        async for line in self.process.stdout:
            name, _, first = line.decode().partition(" ")
            if name == "numbers":
                self.firsts.append(int(first))
                self._has_begun.set()

    async def begins(self) -> None:
        """Wait until it reads a source."""
        async with asyncio.timeout(SOON):
            await self._has_begun.wait()

    def kill(self) -> None:
        """Let it end without any chance to say so."""
        self.process.send_signal(signal.SIGKILL)

    async def ended(self) -> int:
        """Return its status when it ends."""
        async with asyncio.timeout(SOON):
            return await self.process.wait()


@asynccontextmanager
async def worker(database_url: str, redis_url: str | None) -> AsyncIterator[WorkerProcess]:
    """Run a worker while the context lasts."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", PROGRAM, database_url, redis_url or ""),
        stdout=PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    running = WorkerProcess(process)
    reading = asyncio.create_task(running.read())
    try:
        yield running
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        await reading


async def new_job(database: Database, rows: int = 200, **config: Any) -> str:
    """Return the id of a new job for so many numbers."""
    config = {"name": "numbers", "rows": rows, **config}
    return (await submitted(database, config=config)).job_id


async def test_the_job_of_a_killed_worker_is_finished_by_another(
    database: Database, database_url: str, redis_url: str | None
) -> None:
    job_id = await new_job(database, pause=0.05)
    async with worker(database_url, redis_url) as killed:
        await job_when(database, job_id, lambda job: job.stored >= 50)
        killed.kill()
        assert -signal.SIGKILL == await killed.ended()
    stored = (await job_of(database, job_id)).stored
    assert 50 <= stored < 200
    async with worker(database_url, redis_url) as other:
        job = await job_in(database, job_id, JobState.SUCCEEDED)
    assert 200 == job.stored
    assert numbers(200) == await kept(database, job_id)
    assert list(range(stored, 200, 10)) == other.firsts


async def test_a_job_that_kills_its_workers_is_dead_and_others_are_done(
    database: Database, database_url: str, redis_url: str | None
) -> None:
    poison = await new_job(database, name="poison", kill_at=30)
    for _ in range(MAX_ATTEMPTS + 1):  # the first attempt makes progress
        async with worker(database_url, redis_url) as victim:
            assert -signal.SIGKILL == await victim.ended()
    good = await new_job(database)
    async with worker(database_url, redis_url):
        await job_in(database, good, JobState.SUCCEEDED)
        job = await job_in(database, poison, JobState.DEAD)
    assert job.problem is not None
    assert "worker-lost" == job.problem.kind
    assert numbers(30) == await kept(database, poison)
    assert numbers(200) == await kept(database, good)


async def test_sigterm_gives_a_job_back_at_once_and_costs_no_attempt(
    database: Database, database_url: str, redis_url: str | None
) -> None:
    job_id = await new_job(database, pause=3_600)
    for _ in range(2):
        async with worker(database_url, redis_url) as stopped:
            await job_in(database, job_id, JobState.RUNNING)
            stopped.process.terminate()
            assert 0 == await stopped.ended()
        job = await job_of(database, job_id)
        assert (JobState.QUEUED, 0, None) == (job.state, job.attempts, job.problem)


async def test_workers_share_what_is_due_and_a_killed_one_costs_nothing(
    database: Database, database_url: str, redis_url: str | None
) -> None:
    job_ids = [await new_job(database, 100, pause=0.2) for _ in range(8)]
    async with worker(database_url, redis_url) as killed, worker(database_url, redis_url) as other:
        await asyncio.gather(killed.begins(), other.begins())
        killed.kill()
        for job_id in job_ids:
            await job_in(database, job_id, JobState.SUCCEEDED)
    for job_id in job_ids:
        assert numbers(100) == await kept(database, job_id)
