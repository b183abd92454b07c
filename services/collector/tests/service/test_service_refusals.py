"""Bad input over HTTP is refused before anything is stored, with a place and a reason."""

import json
from typing import Any

import httpx
import pytest

from libs.service_kit.testing_problems import problem
from services.collector.tests.service.asking import JOBS, file_job

FILE: dict[str, Any] = {"root": "exports", "path": "sales.csv"}
API: dict[str, Any] = {"url": "https://api.shop.example/v1"}


@pytest.mark.parametrize(
    ("source_type", "config", "reason"),
    [
        ("file", FILE | {"root": "elsewhere"}, "unknown-root"),
        ("file", FILE | {"path": "sales.exe"}, "unknown-format"),
        ("database", {"connection": "shop", "table": "sales"}, "unknown-connection"),
        ("api", API | {"auth": {"secret": "shop-token"}}, "unknown-secret"),
        ("api", {"url": "http://169.254.169.254/latest/meta-data"}, "forbidden-address"),
        ("api", {"url": "http://[::ffff:10.0.0.1]/"}, "forbidden-address"),
        ("api", {"url": "http://10.0.0.1/"}, "forbidden-address"),
        ("api", {"url": "http://[fe80::1]/"}, "forbidden-address"),
    ],
)
async def test_what_the_site_does_not_reach_is_refused_at_once(
    client: httpx.AsyncClient, source_type: str, config: dict[str, Any], reason: str
) -> None:
    body = {"source_type": source_type, "config": config}
    response = await client.post(f"{JOBS}/trigger", json=body)
    assert response.status_code == 422, response.text
    refusal = problem(response)
    assert (refusal["kind"], refusal["reason"]) == ("source-refused", reason)
    assert (await client.get(JOBS)).json()["jobs"] == []


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "#"),
        ([], "#"),
        ({"source_type": "ftp", "config": {}}, "#"),
        ({"source_type": "file"}, "#/config"),
        ({"source_type": "file", "config": FILE, "extra": 1}, "#/extra"),
        ({"source_type": "file", "config": FILE | {"sql": "select 1"}}, "#/config/sql"),
        ({"source_type": "file", "config": FILE | {"path": "../x.csv"}}, "#/config/path"),
        ({"source_type": "file", "config": FILE | {"path": "/etc/passwd"}}, "#/config/path"),
        ({"source_type": "file", "config": FILE | {"path": "a\0.csv"}}, "#/config/path"),
        ({"source_type": "file", "config": FILE | {"path": 7}}, "#/config/path"),
        ({"source_type": "api", "config": {"url": "file:///etc/passwd"}}, "#/config/url"),
        ({"source_type": "api", "config": {"url": "http://a:b@shop/"}}, "#/config/url"),
        (
            {"source_type": "api", "config": API | {"headers": {"Host": "x"}}},
            "#/config/headers",
        ),
        (
            {"source_type": "api", "config": API | {"headers": {"X-Api-Key": "x"}}},
            "#/config/headers",
        ),
        (
            {"source_type": "api", "config": API | {"paging": {"kind": "all"}}},
            "#/config/paging",
        ),
        (
            {"source_type": "database", "config": {"connection": "shop", "table": ""}},
            "#/config/table",
        ),
    ],
)
async def test_what_breaks_the_contract_is_refused_with_its_place(
    client: httpx.AsyncClient, body: Any, pointer: str
) -> None:
    response = await client.post(f"{JOBS}/trigger", json=body)
    assert response.status_code == 422, response.text
    refusal = problem(response)
    assert refusal["kind"] == "validation-failed"
    assert pointer in {error["pointer"] for error in refusal["errors"]}


async def test_lone_surrogates_are_refused(client: httpx.AsyncClient) -> None:
    body = json.dumps(file_job(shape={"constants": {"colour": "\ud800"}})).encode("ascii")
    headers = {"Content-Type": "application/json"}
    response = await client.post(f"{JOBS}/trigger", content=body, headers=headers)
    assert (response.status_code, problem(response)["kind"]) == (422, "validation-failed")


@pytest.mark.parametrize(
    ("content", "content_type", "status", "kind"),
    [
        (b"{", "application/json", 400, "malformed-body"),
        (b"", "application/json", 422, "validation-failed"),
        (b"{}", "text/plain", 415, "unsupported-media-type"),
        (b" " * 64_001, "application/json", 413, "body-too-large"),
    ],
)
async def test_what_is_no_json_body_is_refused(
    client: httpx.AsyncClient, content: bytes, content_type: str, status: int, kind: str
) -> None:
    headers = {"Content-Type": content_type}
    response = await client.post(f"{JOBS}/trigger", content=content, headers=headers)
    assert (response.status_code, problem(response)["kind"]) == (status, kind)


@pytest.mark.parametrize("key", ["", "a b", "x" * 256, "ä".encode()])
async def test_a_malformed_key_is_refused(client: httpx.AsyncClient, key: str | bytes) -> None:
    headers = [(b"Idempotency-Key", key if isinstance(key, bytes) else key.encode())]
    response = await client.post(f"{JOBS}/trigger", json=file_job(), headers=headers)
    assert (response.status_code, problem(response)["kind"]) == (422, "validation-failed")


@pytest.mark.parametrize(
    "job_id",
    ["0" * 32, "0" * 31, "x", "0" * 31 + "G", "%00", "%F0%9F%92%A9", "a" * 5_000, "ABCDEF"],
)
@pytest.mark.parametrize("path", ["status", "result", "cancel", "replay"])
async def test_an_id_of_no_job_is_not_found(
    client: httpx.AsyncClient, path: str, job_id: str
) -> None:
    method = "POST" if path in ("cancel", "replay") else "GET"
    response = await client.request(method, f"{JOBS}/{path}/{job_id}")
    assert (response.status_code, problem(response)["kind"]) == (404, "job-not-found")


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=101", "limit=x", "state=done", "state=", "colour=red"]
)
async def test_a_bad_query_is_refused(client: httpx.AsyncClient, query: str) -> None:
    response = await client.get(f"{JOBS}?{query}")
    assert (response.status_code, problem(response)["kind"]) == (422, "validation-failed")


async def test_every_refusal_is_described(client: httpx.AsyncClient) -> None:
    described = (await client.get("/openapi.json")).json()
    trigger = described["paths"][f"{JOBS}/trigger"]["post"]
    told = " ".join(answer["description"] for answer in trigger["responses"].values())
    for kind in ("source-refused", "idempotency-key-reused", "quota-exceeded", "queue-full"):
        assert f"`{kind}`" in told
    examples = trigger["requestBody"]["content"]["application/json"]["examples"]
    assert examples.keys() == {"api", "database", "file"}
