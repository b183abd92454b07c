"""What every route shares: limits, health, metrics, refusals by the framework."""

from collections.abc import AsyncIterator

import httpx
import pytest

from libs.service_kit.testing_problems import problem
from services.data_processor.settings import Settings
from services.data_processor.tests.conftest import serving
from services.data_processor.tests.helpers import CSV, SALE, as_csv, post_file


async def test_it_lives_and_is_ready(client: httpx.AsyncClient) -> None:
    assert {"status": "ok"} == (await client.get("/health")).json()
    assert {"status": "ready", "dependencies": {}} == (await client.get("/ready")).json()


async def test_metrics_count_rows_by_format_and_outcome(client: httpx.AsyncClient) -> None:
    await client.post("/v1/transform", json={"records": [SALE, None]})
    await post_file(client, as_csv([SALE]), CSV)
    page = (await client.get("/metrics")).text
    assert 'transform_rows_total{format="json",outcome="kept"} 1.0' in page
    assert 'transform_rows_total{format="json",outcome="rejected"} 1.0' in page
    assert 'transform_rows_total{format="csv",outcome="kept"} 1.0' in page


@pytest.mark.parametrize("declared", [True, False])
async def test_a_large_body_of_records_is_refused_but_a_file_of_that_size_is_not(
    declared: bool,
) -> None:
    settings = Settings(max_json_bytes=1_000, max_body_bytes=100_000)
    async with serving(settings) as client:
        content = b'{"records": [' + b" " * 1_000 + b"]}"

        async def pieces() -> AsyncIterator[bytes]:
            yield content

        response = await client.post(
            "/v1/transform",
            content=content if declared else pieces(),
            headers={"Content-Type": "application/json"},
        )
        assert (413, "body-too-large") == (response.status_code, problem(response)["kind"])
        assert 1_000 == problem(response)["max_bytes"]
        large = as_csv([SALE] * 50)
        assert 200 == (await post_file(client, large, CSV)).status_code


@pytest.mark.parametrize(
    ("method", "path", "status", "kind"),
    [
        ("GET", "/v1/nothing", 404, "route-not-found"),
        ("GET", "/v1/transform", 405, "method-not-allowed"),
        ("POST", "/v1/transform", 415, "unsupported-media-type"),
        ("POST", "/v1/transform/file", 415, "unknown-format"),
    ],
)
async def test_the_frameworks_refusals_are_problems(
    client: httpx.AsyncClient, method: str, path: str, status: int, kind: str
) -> None:
    response = await client.request(method, path)
    assert (status, kind) == (response.status_code, problem(response)["kind"])
