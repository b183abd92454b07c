"""Old jobs are forgotten with their results, and all are counted."""

from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import func, select, update

from services.collector.database import open_database
from services.collector.job_store import JobStore
from services.collector.tables import MICROSECONDS, jobs, records
from services.collector.tests.service.asking import JOBS, collected, file_job
from services.collector.tests.service.conftest import Serving, Site
from services.collector.upkeep import Upkeep

DAY = 86_400


async def test_jobs_that_ended_long_ago_are_forgotten_with_their_results(
    serving: Serving, site: Site
) -> None:
    async with serving() as client, open_database(_url(site.data)) as database:
        old = [(await collected(client, file_job()))["job_id"] for _ in range(12)]
        young = await collected(client, file_job())
        registry = CollectorRegistry()
        upkeep = Upkeep(JobStore(database), retention_days=30, registry=registry)
        await upkeep.prune()
        assert 13 == len((await client.get(JOBS)).json()["jobs"])
        async with database.writing() as connection:
            for job_ids, days in ((old, 30.001), ([young["job_id"]], 29.999)):
                then = jobs.c.finished_at - round(days * DAY * MICROSECONDS)
                await connection.execute(
                    update(jobs).where(jobs.c.job_id.in_(job_ids)).values(finished_at=then)
                )
        await upkeep.prune()
        (left,) = (await client.get(JOBS)).json()["jobs"]
        assert left["job_id"] == young["job_id"]
        assert (await client.get(f"{JOBS}/status/{old[0]}")).status_code == 404
        assert (await client.get(f"{JOBS}/result/{old[0]}/download")).status_code == 404
        async with database.reading() as connection:
            assert 7 == await connection.scalar(select(func.count()).select_from(records))


async def test_jobs_are_counted_by_what_they_are_at(serving: Serving, site: Site) -> None:
    async with serving() as client, open_database(_url(site.data)) as database:
        for _ in range(2):
            await collected(client, file_job())
        registry = CollectorRegistry()
        await Upkeep(JobStore(database), retention_days=30, registry=registry).count()
        counted = {
            sample.labels["status"]: sample.value
            for metric in registry.collect()
            if metric.name == "collector_jobs"
            for sample in metric.samples
        }
        expected = {"queued", "running", "succeeded", "failed", "dead", "cancelled"}
        assert dict.fromkeys(expected, 0) | {"succeeded": 2} == counted
        assert 0 == registry.get_sample_value("collector_oldest_due_seconds")


async def test_upkeep_waits_for_a_database_that_is_away(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with open_database(_url(tmp_path / "nowhere")) as database:
        upkeep = Upkeep(JobStore(database), retention_days=30, registry=CollectorRegistry())
        await upkeep.count()
        await upkeep.prune()
    told = capsys.readouterr().out
    assert "jobs_not_counted" in told
    assert "jobs_not_pruned" in told


def _url(folder: Path) -> str:
    return f"sqlite:///{folder}/collector.sqlite3"
