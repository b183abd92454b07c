"""Quotas over HTTP: how much work is taken on, for a client and in all."""

import asyncio

import httpx

from libs.service_kit.testing_problems import problem
from services.collector.tests.service.asking import (
    JOBS,
    Document,
    api_job,
    file_job,
    reached,
    trigger,
)
from services.collector.tests.service.conftest import Serving
from services.collector.tests.service.scripted_api import ScriptedApi


async def _refused(client: httpx.AsyncClient, body: Document, status: int, kind: str) -> None:
    response = await client.post(f"{JOBS}/trigger", json=body)
    assert response.status_code == status, response.text
    assert problem(response)["kind"] == kind
    assert int(response.headers["retry-after"]) > 0


async def test_a_client_has_so_many_active_jobs_at_most(serving: Serving, api: ScriptedApi) -> None:
    api.open.clear()
    async with serving(max_active_jobs_per_client=2) as client:
        jobs = [await trigger(client, api_job(api.url)) for _ in range(2)]
        await _refused(client, api_job(api.url), 429, "quota-exceeded")
        api.open.set()
        await reached(client, jobs[0]["job_id"], "succeeded")
        await trigger(client, api_job(api.url))


async def test_the_quota_is_exact_when_many_ask_at_once(serving: Serving, api: ScriptedApi) -> None:
    api.open.clear()
    async with serving(max_active_jobs_per_client=5) as client:
        answers = await asyncio.gather(
            *(client.post(f"{JOBS}/trigger", json=api_job(api.url)) for _ in range(20))
        )
        assert [202] * 5 + [429] * 15 == sorted(answer.status_code for answer in answers)
        api.open.set()


async def test_a_client_gets_so_many_jobs_a_minute_at_most(serving: Serving) -> None:
    async with serving(max_jobs_per_minute_per_client=2) as client:
        for key in ("one", "two"):
            job = await trigger(client, file_job(), key)
            await reached(client, job["job_id"], "succeeded")
        await _refused(client, file_job(), 429, "quota-exceeded")
        # What was taken on is told again all the same.
        assert (await trigger(client, file_job(), "two"))["job_id"] == job["job_id"]


async def test_a_full_queue_takes_no_more(serving: Serving, api: ScriptedApi) -> None:
    api.open.clear()
    async with serving(
        worker_concurrency=1, max_active_jobs_per_client=2, max_queued_jobs=2
    ) as client:
        clients = [_from(client, f"192.0.2.{number}") for number in range(3)]
        first = await trigger(clients[0], api_job(api.url))
        await reached(clients[0], first["job_id"], "running")
        for asking in clients[:2]:
            await trigger(asking, api_job(api.url))
        await _refused(clients[2], api_job(api.url), 503, "queue-full")
        api.open.set()


async def test_a_replay_obeys_the_quota(serving: Serving, api: ScriptedApi) -> None:
    api.status = 404
    async with serving(max_active_jobs_per_client=1) as client:
        failed = await trigger(client, api_job(api.url))
        await reached(client, failed["job_id"], "failed")
        api.status = 200
        api.open.clear()
        await trigger(client, api_job(api.url))
        response = await client.post(f"{JOBS}/replay/{failed['job_id']}")
        assert (response.status_code, problem(response)["kind"]) == (429, "quota-exceeded")
        api.open.set()


async def test_clients_without_tokens_are_told_apart_by_address(client: httpx.AsyncClient) -> None:
    ann, bob = (_from(client, address) for address in ("192.0.2.1", "2001:db8::1"))
    job = await trigger(ann, file_job())
    for path in ("status", "result"):
        assert (await ann.get(f"{JOBS}/{path}/{job['job_id']}")).status_code in (200, 409)
        response = await bob.get(f"{JOBS}/{path}/{job['job_id']}")
        assert (response.status_code, problem(response)["kind"]) == (404, "job-not-found")
    for path in ("cancel", "replay"):
        response = await bob.post(f"{JOBS}/{path}/{job['job_id']}")
        assert (response.status_code, problem(response)["kind"]) == (404, "job-not-found")
    assert (await bob.get(JOBS)).json()["jobs"] == []


def _from(client: httpx.AsyncClient, address: str) -> httpx.AsyncClient:
    """Return a client of the same service with another address."""
    shared = client._transport
    assert isinstance(shared, httpx.ASGITransport)
    transport = httpx.ASGITransport(shared.app, client=(address, 1))
    return httpx.AsyncClient(transport=transport, base_url=client.base_url, timeout=60)
