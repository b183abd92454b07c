"""Jobs over HTTP, from the trigger to the end, on the embedded database."""

import asyncio

import httpx
import pytest

from libs.service_kit.testing_problems import problem
from services.collector.tests.service.asking import (
    JOBS,
    api_job,
    collected,
    file_job,
    reached,
    status,
    trigger,
)
from services.collector.tests.service.conftest import Serving, Site
from services.collector.tests.service.scripted_api import ScriptedApi


async def test_a_triggered_job_is_queued_and_says_where_its_status_is(
    client: httpx.AsyncClient,
) -> None:
    response = await client.post(f"{JOBS}/trigger", json=file_job())
    job = response.json()
    assert response.status_code == 202
    assert response.headers["location"] == f"{JOBS}/status/{job['job_id']}"
    assert (job["status"], job["source_type"], job["stored"]) == ("queued", "file", 0)
    assert job["created_at"] == job["due_at"]
    assert job["started_at"] is job["finished_at"] is job["problem"] is None
    assert job["config"]["shape"]["record_id"] == "id"
    followed = await client.get(response.headers["location"])
    assert followed.json()["job_id"] == job["job_id"]


async def test_a_job_collects_and_says_how_much(client: httpx.AsyncClient, site: Site) -> None:
    with (site.exports / "sales.csv").open("a") as file:
        file.write(",PEAR,1\n")
    job = await collected(client, file_job())
    assert (job["stored"], job["rejected"], job["attempts"]) == (7, 1, 0)
    assert job["created_at"] <= job["started_at"] <= job["finished_at"]
    assert job["due_at"] is None


async def test_the_same_key_gives_the_same_job(client: httpx.AsyncClient) -> None:
    first = await trigger(client, file_job(), key="nightly-1")
    again = await trigger(client, file_job(), key="nightly-1")
    other = await trigger(client, file_job(), key="nightly-2")
    assert again["job_id"] == first["job_id"] != other["job_id"]
    # Defaults that are written out are the same request.
    written = await trigger(client, file_job(delimiter=","), key="nightly-1")
    assert written["job_id"] == first["job_id"]


async def test_a_key_is_refused_with_another_job(client: httpx.AsyncClient) -> None:
    await trigger(client, file_job(), key="nightly-1")
    headers = {"Idempotency-Key": "nightly-1"}
    response = await client.post(f"{JOBS}/trigger", json=file_job("other.csv"), headers=headers)
    assert response.status_code == 422
    assert problem(response)["kind"] == "idempotency-key-reused"


async def test_requests_with_one_key_at_once_make_one_job(client: httpx.AsyncClient) -> None:
    jobs = await asyncio.gather(*(trigger(client, file_job(), key="once") for _ in range(12)))
    assert 1 == len({job["job_id"] for job in jobs})
    assert 1 == len((await client.get(JOBS)).json()["jobs"])


async def test_a_job_that_cannot_succeed_fails_and_can_be_replayed(
    client: httpx.AsyncClient, site: Site
) -> None:
    (site.exports / "sales.csv").write_bytes(b"\xff\xfe\n")
    job = await trigger(client, file_job())
    failed = await reached(client, job["job_id"], "failed")
    assert failed["problem"]["kind"]
    assert failed["problem"]["detail"]
    assert str(site.exports) not in failed["problem"]["detail"]
    site.export("sales.csv", rows=3)
    response = await client.post(f"{JOBS}/replay/{job['job_id']}")
    assert response.status_code == 202
    assert response.headers["location"] == f"{JOBS}/status/{job['job_id']}"
    assert response.json()["status"] == "queued"
    assert (await reached(client, job["job_id"], "succeeded"))["stored"] == 3


async def test_a_job_without_progress_is_dead_and_listed_and_can_be_replayed(
    serving: Serving, api: ScriptedApi
) -> None:
    api.status = 503
    async with serving(max_attempts=1) as client:
        job = await trigger(client, api_job(api.url))
        dead = await reached(client, job["job_id"], "dead")
        assert dead["problem"]["kind"]
        listed = (await client.get(JOBS, params={"state": "dead"})).json()["jobs"]
        assert [dead] == listed
        api.status = 200
        assert (await client.post(f"{JOBS}/replay/{job['job_id']}")).status_code == 202
        assert (await reached(client, job["job_id"], "succeeded"))["stored"] == 1


@pytest.mark.parametrize("state", ["succeeded", "running"])
async def test_only_failed_and_dead_jobs_are_replayed(
    client: httpx.AsyncClient, api: ScriptedApi, state: str
) -> None:
    if state == "running":
        api.open.clear()
    job = await trigger(client, api_job(api.url))
    await reached(client, job["job_id"], state)
    response = await client.post(f"{JOBS}/replay/{job['job_id']}")
    assert response.status_code == 409
    refusal = problem(response)
    assert (refusal["kind"], refusal["job_status"]) == ("job-not-replayable", state)


async def test_a_waiting_job_is_cancelled_at_once(serving: Serving, api: ScriptedApi) -> None:
    api.open.clear()
    async with serving(worker_concurrency=1) as client:
        running = await trigger(client, api_job(api.url))
        await reached(client, running["job_id"], "running")
        waiting = await trigger(client, file_job())
        response = await client.post(f"{JOBS}/cancel/{waiting['job_id']}")
        assert (response.status_code, response.json()["status"]) == (200, "cancelled")
        api.open.set()
        await reached(client, running["job_id"], "succeeded")
        assert (await status(client, waiting["job_id"]))["status"] == "cancelled"


async def test_a_running_job_is_cancelled_soon(client: httpx.AsyncClient, api: ScriptedApi) -> None:
    api.open.clear()
    job = await trigger(client, api_job(api.url))
    await reached(client, job["job_id"], "running")
    response = await client.post(f"{JOBS}/cancel/{job['job_id']}")
    assert response.status_code == 200
    assert response.json()["cancel_requested"]
    assert (await reached(client, job["job_id"], "cancelled"))["finished_at"]


async def test_cancelling_a_finished_job_changes_nothing(client: httpx.AsyncClient) -> None:
    job = await collected(client, file_job())
    response = await client.post(f"{JOBS}/cancel/{job['job_id']}")
    assert (response.status_code, response.json()) == (200, job)


async def test_a_list_gives_every_job_newest_first(client: httpx.AsyncClient) -> None:
    triggered = [(await trigger(client, file_job()))["job_id"] for _ in range(7)]
    seen: list[str] = []
    params = {"limit": "3"}
    for _ in range(3):
        page = (await client.get(JOBS, params=params)).json()
        seen += [job["job_id"] for job in page["jobs"]]
        params["cursor"] = page["next_cursor"]
    assert triggered[::-1] == seen
    assert page["next_cursor"] is None


async def test_a_list_of_one_state_has_no_others(
    client: httpx.AsyncClient, api: ScriptedApi
) -> None:
    done = await collected(client, file_job())
    api.open.clear()
    running = await trigger(client, api_job(api.url))
    await reached(client, running["job_id"], "running")
    for state, job in (("succeeded", done), ("running", running)):
        page = (await client.get(JOBS, params={"state": state})).json()
        assert [job["job_id"]] == [listed["job_id"] for listed in page["jobs"]]
    assert [] == (await client.get(JOBS, params={"state": "cancelled"})).json()["jobs"]


async def test_jobs_and_results_outlive_the_process(serving: Serving) -> None:
    async with serving() as client:
        job = await collected(client, file_job())
    async with serving() as client:
        assert await status(client, job["job_id"]) == job
        result = await client.get(f"{JOBS}/result/{job['job_id']}")
        assert len(result.json()["records"]) == 7


async def test_a_job_that_a_stop_interrupts_goes_on_at_the_next_start(
    serving: Serving, api: ScriptedApi
) -> None:
    api.open.clear()
    async with serving() as client:
        job = await trigger(client, api_job(api.url))
        await api.asked.wait()
    api.open.set()
    async with serving() as client:
        assert (await reached(client, job["job_id"], "succeeded"))["stored"] == 1
