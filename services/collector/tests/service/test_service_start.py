"""The service as a process: its first start without any setting, and roles beside each other."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from libs.service_kit.testing import Service, launch, running
from tools.postgres_local.server import PostgresLocal
from tools.postgres_local.server import start as start_postgres
from tools.redis_local.server import start as start_redis

APP = "services.collector.app:app"
JOBS = "/api/v1/jobs"
BRISK = {
    "DRAIN_DELAY_SECONDS": "0",
    "POLL_SECONDS": "0.2",
    "PROBE_TIMEOUT_SECONDS": "20",
    "REQUEST_TIMEOUT_SECONDS": "60",
}


@pytest.fixture
def site(tmp_path: Path) -> dict[str, str]:
    """Environment of a site with one file to collect."""
    (tmp_path / "sales.csv").write_text("record_id,sku\n1,APPLE\n2,PEAR\n")
    sources = tmp_path / "sources.json"
    sources.write_text(json.dumps({"files": {"exports": str(tmp_path)}}))
    return {**BRISK, "TMPDIR": str(tmp_path), "SOURCES_FILE": str(sources)}


def _collect(service: Service) -> dict[str, Any]:
    """Have a job done and return it."""
    body = {"source_type": "file", "config": {"root": "exports", "path": "sales.csv"}}
    triggered = httpx.post(f"{service.url}{JOBS}/trigger", json=body, timeout=60)
    assert triggered.status_code == 202, triggered.text
    while True:
        job: dict[str, Any] = httpx.get(
            f"{service.url}{triggered.headers['location']}", timeout=60
        ).json()
        if job["status"] not in ("queued", "running"):
            return job
        time.sleep(0.05)


def test_the_first_start_needs_no_setting_and_warns_that_data_are_temporary(
    tmp_path: Path,
) -> None:
    with running(APP, TMPDIR=str(tmp_path), DRAIN_DELAY_SECONDS="0") as service:
        assert httpx.get(f"{service.url}/health").status_code == 200
        ready = httpx.get(f"{service.url}/ready")
        assert ready.json() == {"status": "ready", "dependencies": {"database": "ok"}}
        assert service.stop() == (0, "")
    (warning,) = [line for line in service.lines if line["event"] == "data_is_temporary"]
    assert warning["level"] == "warning"
    assert warning["folder"] == str(tmp_path / "granary-collector")
    assert not [line for line in service.lines if line["level"] in ("error", "critical")]


def test_a_killed_service_goes_on_with_its_data(site: dict[str, str], tmp_path: Path) -> None:
    environment = site | {"DATA_DIR": str(tmp_path / "data")}
    with running(APP, **environment) as service:
        job = _collect(service)
        assert (job["status"], job["stored"]) == ("succeeded", 2)
        service.stop(signal.SIGKILL)
    with running(APP, **environment) as service:
        assert httpx.get(f"{service.url}{JOBS}").json()["jobs"] == [job]
        assert "data_is_temporary" not in [line["event"] for line in service.lines]


def test_the_jobs_are_counted(site: dict[str, str]) -> None:
    with running(APP, **site) as service:
        _collect(service)
    with running(APP, **site) as service:
        deadline = time.monotonic() + 60
        while 'collector_jobs{status="succeeded"} 1.0' not in (
            page := httpx.get(f"{service.url}/metrics").text
        ):
            assert time.monotonic() < deadline, page
            time.sleep(0.1)
    assert "collector_oldest_due_seconds 0.0" in page
    assert "collector_attempts_running 0.0" in page


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresLocal]:
    """A running PostgreSQL."""
    with start_postgres() as server:
        yield server


def _migrate(url: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "services.collector.migrate", *arguments],
        env={"DATABASE_URL": url, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_roles_share_the_work_once_the_database_is_migrated(
    postgres: PostgresLocal, site: dict[str, str]
) -> None:
    environment = site | {"DATABASE_URL": postgres.url, "DATABASE_WAIT_SECONDS": "0"}
    assert _migrate(postgres.url, "downgrade", "base").returncode == 0
    with launch(APP, ROLE="api", **environment) as process:
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 70
    (line,) = errors.splitlines()
    assert line.startswith("collector: the database is at revision base")
    assert "services.collector.migrate upgrade" in line

    migrated = _migrate(postgres.url, "upgrade")
    assert migrated.returncode == 0, migrated.stderr
    with (
        running(APP, ROLE="api", **environment) as api,
        running(APP, ROLE="worker", **environment) as worker,
        running(APP, ROLE="worker", **environment) as other,
    ):
        jobs = [_collect(api) for _ in range(4)]
        assert [("succeeded", 2)] * 4 == [(job["status"], job["stored"]) for job in jobs]
        assert "collector_attempts_total" not in httpx.get(f"{api.url}/metrics").text
        # What no database takes as text is no id of a job.
        assert httpx.get(f"{api.url}{JOBS}/status/%00").status_code == 404
        refusal = httpx.get(f"{worker.url}{JOBS}")
        assert refusal.json()["type"] == "urn:granary:problem:route-not-found"
        assert httpx.get(f"{worker.url}/ready").json()["status"] == "ready"
        assert (0, "") == worker.stop() == other.stop() == api.stop()
        taken = [line for line in worker.lines + other.lines if line["event"] == "job_taken"]
    assert {job["job_id"] for job in jobs} == {line["job_id"] for line in taken}


def test_a_database_that_there_is_not_ends_the_start_with_one_line(
    postgres: PostgresLocal, site: dict[str, str]
) -> None:
    url = postgres.url.rpartition("/")[0] + "/nowhere"
    with launch(APP, DATABASE_URL=url, DATABASE_WAIT_SECONDS="0", **site) as process:
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 70
    (line,) = errors.splitlines()
    assert line.startswith("collector: ")
    assert "nowhere" in line


def test_while_the_database_is_away_requests_are_refused_and_then_go_on(
    postgres: PostgresLocal, site: dict[str, str]
) -> None:
    assert _migrate(postgres.url, "upgrade").returncode == 0
    with running(APP, DATABASE_URL=postgres.url, **site) as service:
        assert _collect(service)["status"] == "succeeded"
        postgres.kill()
        for method, path in (("GET", JOBS), ("POST", f"{JOBS}/cancel/{'0' * 32}")):
            answer = httpx.request(method, f"{service.url}{path}", timeout=60)
            assert answer.status_code == 503
            assert answer.json()["type"] == "urn:granary:problem:storage-unavailable"
            assert int(answer.headers["retry-after"]) > 0
        assert httpx.get(f"{service.url}/ready", timeout=60).status_code == 503
        assert httpx.get(f"{service.url}/health", timeout=60).status_code == 200
        postgres.restart()
        assert _collect(service)["status"] == "succeeded"
        assert httpx.get(f"{service.url}/ready", timeout=60).status_code == 200
        assert service.stop() == (0, "")
    assert not [line for line in service.lines if line["level"] == "error"]


def test_without_its_database_a_service_does_not_start_and_says_so_without_the_password(
    site: dict[str, str],
) -> None:
    url = "postgresql://collector:s3cret@127.0.0.1:1/collector"
    with launch(APP, DATABASE_URL=url, DATABASE_WAIT_SECONDS="1.5", **site) as process:
        output, errors = process.communicate(timeout=60)
    assert process.returncode == 70
    (line,) = errors.splitlines()
    assert line.startswith("collector: the database does not answer")
    assert "database_awaited" in output
    assert "s3cret" not in output + errors


def test_redis_tells_workers_of_jobs_at_once(postgres: PostgresLocal, site: dict[str, str]) -> None:
    assert _migrate(postgres.url, "upgrade").returncode == 0
    with start_redis() as redis:
        # Who looks by itself looks too late for this test.
        environment = site | {
            "DATABASE_URL": postgres.url,
            "REDIS_URL": redis.url,
            "POLL_SECONDS": "300",
        }
        with (
            running(APP, ROLE="worker", **environment) as worker,
            running(APP, ROLE="api", **environment) as api,
        ):
            assert [_collect(api)["status"] for _ in range(3)] == ["succeeded"] * 3
            for service in (api, worker):
                ready = httpx.get(f"{service.url}/ready", timeout=60).json()
                assert ready == {
                    "status": "ready",
                    "dependencies": {"database": "ok", "redis": "ok"},
                }


def test_without_redis_jobs_are_done_and_ready_is_degraded(
    postgres: PostgresLocal, site: dict[str, str]
) -> None:
    assert _migrate(postgres.url, "upgrade").returncode == 0
    away = "redis://:s3cret@127.0.0.1:1/0"
    with running(APP, DATABASE_URL=postgres.url, REDIS_URL=away, **site) as service:
        assert _collect(service)["status"] == "succeeded"
        ready = httpx.get(f"{service.url}/ready", timeout=60)
        assert (ready.status_code, ready.json()["status"]) == (200, "degraded")
        assert ready.json()["dependencies"]["database"] == "ok"
        code, errors = service.stop()
    assert (code, errors) == (0, "")
    assert "s3cret" not in str(service.lines)
