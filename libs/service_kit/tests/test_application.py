"""What every service gets from the kit, in-process."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI

from libs import service_kit
from libs.service_kit.tests import sample_app
from libs.service_kit.tests.asking import client_of, problem_of
from libs.service_kit.tests.sample_app import Settings, build_app


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> FastAPI:
    """The sample with a short body limit and all its dependencies well."""
    monkeypatch.setitem(sample_app.state, "dependency", "ok")
    return build_app(Settings(max_body_bytes=1_000, probe_timeout_seconds=0.05))


@pytest.fixture
async def hasty() -> AsyncIterator[httpx.AsyncClient]:
    """A client of a sample that ends requests soon."""
    async with client_of(build_app(Settings(request_timeout_seconds=0.1))) as client:
        yield client


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(app) as client:
        yield client


async def test_health_says_ok_even_when_dependencies_are_away(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sample_app.state, "dependency", "fails")
    response = await client.get("/health")
    assert (response.status_code, response.json()) == (200, {"status": "ok"})


@pytest.mark.parametrize(
    ("state", "reason"), [("fails", "ConnectionError"), ("hangs", "no answer within 0.05 s")]
)
async def test_ready_names_the_dependency_that_failed(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, state: str, reason: str
) -> None:
    assert (await client.get("/ready")).json()["status"] == "ready"
    monkeypatch.setitem(sample_app.state, "dependency", state)
    response = await client.get("/ready")
    document = problem_of(response, 503, "not-ready")
    assert document["detail"] == "no answer from: store"
    assert document["dependencies"] == {"store": reason}
    assert "secret" not in response.text


async def test_an_optional_dependency_only_degrades(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sample_app.state, "dependency", "fails")
    async with client_of(build_app(Settings(), required=False)) as client:
        response = await client.get("/ready")
        assert response.status_code == 200
        assert response.json()["status"] == "degraded"


async def test_a_draining_service_is_not_ready_and_closes_connections(
    app: FastAPI, client: httpx.AsyncClient
) -> None:
    app.state.lifecycle.begin_drain()
    assert "stopping" in problem_of(await client.get("/ready"), 503, "not-ready")["detail"]
    response = await client.get("/things/1")
    assert response.status_code == 200
    assert response.headers["connection"] == "close"


async def test_a_sane_request_id_is_kept_and_bound(client: httpx.AsyncClient) -> None:
    response = await client.get("/things/1", headers={"X-Request-ID": "Abc-1.2_3"})
    assert response.headers["x-request-id"] == "Abc-1.2_3"
    assert response.json()["request_id"] == "Abc-1.2_3"


@pytest.mark.parametrize("offered", ["", "a b", "x" * 65, 'a"b', "-a", "\x00", "é"])
async def test_any_other_request_id_is_replaced(client: httpx.AsyncClient, offered: str) -> None:
    headers = {b"X-Request-ID": offered.encode()}
    response = await client.get("/things/1", headers=headers)
    assert response.headers["x-request-id"] != offered
    assert len(response.headers["x-request-id"]) == 32


async def test_a_crash_is_a_problem_without_its_cause(client: httpx.AsyncClient) -> None:
    response = await client.get("/crash")
    problem_of(response, 500, "internal-error")
    assert "hunter2" not in response.text
    assert "Traceback" not in response.text


async def test_a_crash_after_half_an_answer_breaks_the_connection(
    client: httpx.AsyncClient,
) -> None:
    with pytest.raises(RuntimeError):
        await client.get("/crash-late")


async def test_storage_that_is_away_asks_for_a_repeat(client: httpx.AsyncClient) -> None:
    response = await client.get("/storage-down")
    problem_of(response, 503, "storage-unavailable")
    assert response.headers["retry-after"] == "1"


async def test_a_slow_answer_ends_at_the_limit(hasty: httpx.AsyncClient) -> None:
    response = await hasty.get("/slow", params={"seconds": 60})
    problem_of(response, 503, "timed-out")
    assert response.headers["retry-after"] == "1"


async def _parts(*parts: bytes, wait: float = 0) -> AsyncIterator[bytes]:
    for part in parts:
        await asyncio.sleep(wait)
        yield part


async def test_a_slow_body_is_the_senders_fault(hasty: httpx.AsyncClient) -> None:
    response = await hasty.post(
        "/things",
        content=_parts(b"{", b"}", wait=5),
        headers={"Content-Type": "application/json"},
    )
    problem_of(response, 408, "request-too-slow")


@pytest.mark.parametrize("size", [1_001, 100_000])
@pytest.mark.parametrize("chunk", [None, 1, 64, 4_096])
async def test_a_body_above_the_limit_is_refused_however_it_comes(
    client: httpx.AsyncClient, size: int, chunk: int | None
) -> None:
    if chunk == 1 and size > 2_000:
        chunk = 997
    body = b'"' + b"a" * (size - 2) + b'"'
    content = (
        body
        if chunk is None
        else _parts(*(body[start : start + chunk] for start in range(0, size, chunk)))
    )
    response = await client.post(
        "/things", content=content, headers={"Content-Type": "application/json"}
    )
    assert problem_of(response, 413, "body-too-large")["max_bytes"] == 1_000
    assert response.headers["connection"] == "close"


async def test_a_body_at_the_limit_is_read(client: httpx.AsyncClient) -> None:
    body = b'{"name": "' + b"a" * 988 + b'"}'
    assert len(body) == 1_000
    response = await client.post(
        "/things", content=body, headers={"Content-Type": "application/json; charset=utf-8"}
    )
    assert response.status_code == 200


async def test_errors_carry_pointers_and_parameters(client: httpx.AsyncClient) -> None:
    response = await client.post("/things", json={"name": 1, "a/b~": 2})
    document = problem_of(response, 422, "validation-failed")
    assert [error["pointer"] for error in document["errors"]] == ["#/name", "#/a~1b~0"]
    response = await client.get("/things/one")
    (error,) = problem_of(response, 422, "validation-failed")["errors"]
    assert (error["in"], error["parameter"]) == ("path", "thing_id")


@pytest.mark.parametrize(
    ("shape", "pointers"),
    [
        ({"kind": "circle"}, ["#/shapes/0/radius"]),
        ({"kind": "circle", "radius": "x"}, ["#/shapes/0/radius"]),
        (
            {"kind": "polygon", "sides": [1, "x", None]},
            ["#/shapes/0/sides/1", "#/shapes/0/sides/2"],
        ),
        ({"kind": "star"}, ["#/shapes/0"]),
        ({}, ["#/shapes/0"]),
        (7, ["#/shapes/0"]),
    ],
)
async def test_a_pointer_leads_to_a_place_in_the_body_whatever_union_it_is_in(
    client: httpx.AsyncClient, shape: object, pointers: list[str]
) -> None:
    response = await client.post("/drawings", json={"shapes": [shape]})
    document = problem_of(response, 422, "validation-failed")
    assert [error["pointer"] for error in document["errors"]] == pointers


async def test_what_no_member_of_a_union_takes_is_named_once_for_each(
    client: httpx.AsyncClient,
) -> None:
    response = await client.post("/drawings", json={"shapes": [], "title": "x"})
    document = problem_of(response, 422, "validation-failed")
    assert [error["pointer"] for error in document["errors"]] == ["#/title", "#/title"]


async def test_a_parameter_that_is_no_json_says_nothing_of_the_body(
    client: httpx.AsyncClient,
) -> None:
    assert (await client.get("/filtered", params={"wanted": '["a"]'})).json() == ["a"]
    response = await client.get("/filtered", params={"wanted": "["})
    (error,) = problem_of(response, 422, "validation-failed")["errors"]
    assert (error["in"], error["parameter"]) == ("query", "wanted")


async def test_many_errors_are_counted_not_listed(client: httpx.AsyncClient) -> None:
    response = await client.post("/things", json={f"f{n}": 1 for n in range(60)})
    document = problem_of(response, 422, "validation-failed")
    assert len(document["errors"]) == 20
    assert "(and 60 more)" in document["detail"]


@pytest.mark.parametrize(
    ("method", "path", "status", "kind"),
    [
        ("GET", "/nothing", 404, "route-not-found"),
        ("GET", "/things/", 404, "route-not-found"),
        ("POST", "/health", 405, "method-not-allowed"),
        ("BREW", "/health", 405, "method-not-allowed"),
        ("POST", "/things", 415, "unsupported-media-type"),
    ],
)
async def test_refusals_of_the_framework_are_problems(
    client: httpx.AsyncClient, method: str, path: str, status: int, kind: str
) -> None:
    problem_of(await client.request(method, path), status, kind)


async def test_metrics_have_few_labels(client: httpx.AsyncClient) -> None:
    for path in ("/things/1", "/things/2", "/nothing/1", "/nothing/2"):
        await client.get(path)
    await client.request("BREW", "/things/3")
    page = (await client.get("/metrics")).text
    assert 'http_requests_total{method="GET",route="/things/{thing_id}",status="200"} 2.0' in page
    assert 'http_requests_total{method="GET",route="unmatched",status="404"} 2.0' in page
    assert 'method="OTHER"' in page
    assert "BREW" not in page
    assert 'http_request_duration_seconds_count{method="GET",route="unmatched"} 2.0' in page
    assert "http_requests_in_flight 1.0" in page  # the one that asks


def test_every_public_name_is_there() -> None:
    assert [name for name in service_kit.__all__ if not hasattr(service_kit, name)] == []


async def test_the_api_description_has_every_refusal_as_a_problem(
    client: httpx.AsyncClient,
) -> None:
    description = (await client.get("/openapi.json")).json()
    operations = [item for path in description["paths"].values() for item in path.values()]
    assert operations
    for operation in operations:
        assert "default" not in operation["responses"]
        refusals = {
            status: response["content"]["application/problem+json"]["schema"]
            for status, response in operation["responses"].items()
            if int(status) >= 400
        }
        assert {"400", "413", "500", "503"} <= set(refusals)
        for status, schema in refusals.items():
            assert "#/components/schemas/Problem" == schema["$ref"]
            assert {"const": int(status)} == schema["properties"]["status"]
    assert "HTTPValidationError" not in description["components"]["schemas"]


async def test_a_route_describes_its_own_kinds_beside_the_shared_ones(
    client: httpx.AsyncClient,
) -> None:
    description = (await client.get("/openapi.json")).json()
    taking = description["paths"]["/things"]["post"]["responses"]["422"]
    kinds = taking["content"]["application/problem+json"]["schema"]["properties"]["type"]["enum"]
    assert ["thing-too-odd", "validation-failed"] == [uri.rpartition(":")[2] for uri in kinds]
    assert "`thing-too-odd`: No such things" in taking["description"]


async def test_an_optional_parameter_is_not_described_as_null(client: httpx.AsyncClient) -> None:
    description = (await client.get("/openapi.json")).json()
    (colour,) = [
        parameter
        for parameter in description["paths"]["/things"]["post"]["parameters"]
        if parameter["name"] == "colour"
    ]
    assert "string" == colour["schema"]["type"]
    assert "anyOf" not in colour["schema"]


async def test_the_described_problem_is_the_one_that_is_sent(client: httpx.AsyncClient) -> None:
    schemas = (await client.get("/openapi.json")).json()["components"]["schemas"]
    described = schemas["Problem"]
    refusals = [await client.get("/nowhere"), await client.post("/things", json={"count": "1"})]
    for refusal in refusals:
        assert set(described["required"]) <= set(refusal.json())
        assert set(refusal.json()) <= set(described["properties"])


async def test_allow_names_every_method_of_the_path(client: httpx.AsyncClient) -> None:
    refusal = await client.put("/things/1")
    assert "DELETE, GET" == refusal.headers["allow"]
