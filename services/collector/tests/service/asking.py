"""Short forms of the requests that most tests make."""

import asyncio
from typing import Any

import httpx

type Document = dict[str, Any]

JOBS = "/api/v1/jobs"
FINISHED = ("succeeded", "failed", "dead", "cancelled")


def file_job(path: str = "sales.csv", **config: Any) -> Document:
    """Return the body that asks for the records of a file."""
    shape = {"shape": {"record_id": "id"}}
    return {"source_type": "file", "config": {"root": "exports", "path": path, **shape, **config}}


def api_job(url: str) -> Document:
    """Return the body that asks for the records of an API."""
    return {"source_type": "api", "config": {"url": url}}


async def trigger(client: httpx.AsyncClient, body: Document, key: str | None = None) -> Document:
    """Have a job taken on and return it."""
    headers = {} if key is None else {"Idempotency-Key": key}
    response = await client.post(f"{JOBS}/trigger", json=body, headers=headers)
    assert response.status_code == 202, response.text
    job: Document = response.json()
    return job


async def status(client: httpx.AsyncClient, job_id: str) -> Document:
    """Return a job."""
    response = await client.get(f"{JOBS}/status/{job_id}")
    assert response.status_code == 200, response.text
    job: Document = response.json()
    return job


async def reached(client: httpx.AsyncClient, job_id: str, *states: str) -> Document:
    """Return a job once it is in one of the states; the test's time is the limit."""
    while True:
        job = await status(client, job_id)
        if job["status"] in states:
            return job
        assert job["status"] not in FINISHED, job
        await asyncio.sleep(0.02)


async def collected(client: httpx.AsyncClient, body: Document) -> Document:
    """Have a job taken on, and return it when it succeeded."""
    return await reached(client, (await trigger(client, body))["job_id"], "succeeded")
