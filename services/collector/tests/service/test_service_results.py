"""Results over HTTP: pages, rejects and downloads."""

import asyncio
import json

import httpx
import pytest

from libs.cursors import encode_cursor
from libs.service_kit.testing_problems import problem
from services.collector import job_service
from services.collector.results import Results
from services.collector.tests.service.asking import (
    JOBS,
    Document,
    api_job,
    collected,
    file_job,
    reached,
    trigger,
)
from services.collector.tests.service.conftest import Serving, Site
from services.collector.tests.service.scripted_api import ScriptedApi


async def _pages(client: httpx.AsyncClient, job_id: str, limit: int) -> list[Document]:
    pages: list[Document] = []
    params = {"limit": str(limit)}
    while not pages or pages[-1]["next_cursor"]:
        response = await client.get(f"{JOBS}/result/{job_id}", params=params)
        assert response.status_code == 200, response.text
        pages.append(response.json())
        params["cursor"] = pages[-1]["next_cursor"]
    return pages


@pytest.mark.parametrize(
    ("rows", "limit", "sizes"),
    [
        (0, 10, [0]),
        (7, 3, [3, 3, 1]),
        (6, 3, [3, 3]),
        (120, 110, [110, 10]),
        (150, 100, [100, 50]),
    ],
)
async def test_pages_give_every_record_once_and_in_order(
    client: httpx.AsyncClient, site: Site, rows: int, limit: int, sizes: list[int]
) -> None:
    site.export("sales.csv", rows=rows)
    job = await collected(client, file_job())
    pages = await _pages(client, job["job_id"], limit)
    assert sizes == [len(page["records"]) for page in pages]
    records = [record for page in pages for record in page["records"]]
    assert [f"s{number}" for number in range(rows)] == [record["id"] for record in records]
    assert all(page["job"] == job for page in pages)


async def test_a_page_ends_early_when_its_records_are_large(
    client: httpx.AsyncClient, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_service, "_MOST_PAGE_BYTES", 10_000)
    site.export("sales.csv", rows=300)
    job = await collected(client, file_job())
    pages = await _pages(client, job["job_id"], 1_000)
    assert len(pages) > 1
    assert 300 == sum(len(page["records"]) for page in pages)
    for page in pages:
        # The batch that went over the limit is whole.
        assert len(json.dumps(page["records"])) < 10_000 + 50 * 60


async def test_rejects_are_told_on_the_first_page_alone(
    client: httpx.AsyncClient, site: Site
) -> None:
    with (site.exports / "sales.csv").open("a") as file:
        file.write(",PEAR,1\n")
    job = await collected(client, file_job())
    first, *others = await _pages(client, job["job_id"], 3)
    (reject,) = first["rejects"]
    assert (reject["position"], reject["field"]) == ("line 9", "id")
    assert reject["reason"]
    assert [[], []] == [page["rejects"] for page in others]


@pytest.mark.parametrize("path", ["", "/download"])
async def test_a_result_is_refused_while_its_job_runs(
    client: httpx.AsyncClient, api: ScriptedApi, path: str
) -> None:
    api.open.clear()
    job = await trigger(client, api_job(api.url))
    await reached(client, job["job_id"], "running")
    response = await client.get(f"{JOBS}/result/{job['job_id']}{path}")
    assert response.status_code == 409
    assert int(response.headers["retry-after"]) > 0
    refusal = problem(response)
    assert (refusal["kind"], refusal["job_status"]) == ("job-not-finished", "running")
    api.open.set()
    await reached(client, job["job_id"], "succeeded")
    assert (await client.get(f"{JOBS}/result/{job['job_id']}{path}")).status_code == 200


async def test_a_failed_job_tells_what_it_had_and_why_it_failed(
    client: httpx.AsyncClient, site: Site
) -> None:
    (site.exports / "sales.csv").write_bytes(b"\xff\xfe\n")
    job = await trigger(client, file_job())
    await reached(client, job["job_id"], "failed")
    page = (await client.get(f"{JOBS}/result/{job['job_id']}")).json()
    assert (page["records"], page["rejects"], page["next_cursor"]) == ([], [], None)
    assert page["job"]["problem"]["kind"]


async def test_a_download_is_one_record_a_line(client: httpx.AsyncClient, site: Site) -> None:
    site.export("sales.csv", rows=5_000)
    job = await collected(client, file_job())
    response = await client.get(f"{JOBS}/result/{job['job_id']}/download")
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/x-ndjson"
    assert response.headers["content-disposition"] == (
        f'attachment; filename="{job["job_id"]}.ndjson"'
    )
    *lines, end = response.text.split("\n")
    assert end == ""
    assert [json.loads(line)["id"] for line in lines] == [f"s{n}" for n in range(5_000)]


async def test_a_download_of_nothing_is_empty(client: httpx.AsyncClient, site: Site) -> None:
    site.export("sales.csv", rows=0)
    job = await collected(client, file_job())
    response = await client.get(f"{JOBS}/result/{job['job_id']}/download")
    assert (response.status_code, response.content) == (200, b"")


async def test_downloads_beyond_the_limit_are_refused_and_make_room_again(
    serving: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    under_way, go_on = asyncio.Event(), asyncio.Event()
    async with serving(max_concurrent_downloads=1) as client:
        job = await collected(client, file_job())
        whole = Results.lines

        async def slowly(self: Results, job_id: str):  # type: ignore[no-untyped-def]
            async for part in whole(self, job_id):
                under_way.set()
                await go_on.wait()
                yield part

        monkeypatch.setattr(Results, "lines", slowly)
        url = f"{JOBS}/result/{job['job_id']}/download"
        first = asyncio.create_task(client.get(url))
        await under_way.wait()
        response = await client.get(url)
        assert response.status_code == 503
        assert problem(response)["kind"] == "too-many-downloads"
        assert int(response.headers["retry-after"]) > 0
        go_on.set()
        assert 7 == len((await first).text.splitlines())
        assert (await client.get(url)).status_code == 200
        # A refusal takes no room either.
        assert (await client.get(f"{JOBS}/result/{'0' * 32}/download")).status_code == 404
        assert (await client.get(url)).status_code == 200


async def test_a_download_may_take_longer_than_a_request(
    serving: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serving(request_timeout_seconds=1, download_timeout_seconds=60) as client:
        job = await collected(client, file_job())
        whole = Results.lines

        async def slowly(self: Results, job_id: str):  # type: ignore[no-untyped-def]
            await asyncio.sleep(1.5)
            async for part in whole(self, job_id):
                yield part

        monkeypatch.setattr(Results, "lines", slowly)
        response = await client.get(f"{JOBS}/result/{job['job_id']}/download")
        assert 7 == len(response.text.splitlines())


async def test_foreign_cursors_are_refused(client: httpx.AsyncClient) -> None:
    job = await collected(client, file_job())
    other = await collected(client, file_job())
    page = await client.get(f"{JOBS}/result/{other['job_id']}", params={"limit": 2})
    foreign = page.json()["next_cursor"]
    for cursor in (
        "",
        "nonsense",
        foreign,
        encode_cursor({"after": "3"}),
        encode_cursor({"job_id": job["job_id"], "after": "-3"}),
        encode_cursor({"job_id": job["job_id"], "after": "9" * 19}),
        encode_cursor({"created_at": "1", "job_id": job["job_id"]}),
    ):
        response = await client.get(f"{JOBS}/result/{job['job_id']}", params={"cursor": cursor})
        assert response.status_code == 400, cursor
        assert problem(response)["kind"] == "bad-cursor"
    for cursor in (
        "nonsense",
        foreign,
        encode_cursor({"created_at": "x", "job_id": job["job_id"]}),
        encode_cursor({"created_at": "1", "job_id": "\0"}),
    ):
        response = await client.get(JOBS, params={"cursor": cursor})
        assert response.status_code == 400, cursor
        assert problem(response)["kind"] == "bad-cursor"
