"""Clients with tokens: who is known sees its own jobs, and nobody else anything."""

import json
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path

import httpx
import pytest

from libs.service_kit.testing_problems import problem
from services.collector.clients import Clients, ClientsFileError
from services.collector.tests.service.asking import JOBS, collected, file_job
from services.collector.tests.service.conftest import Serving

ANN, BOB = "ann-token-0123456789", "bob-token-0123456789"


def _digest(token: str) -> str:
    return sha256(token.encode()).hexdigest()


@pytest.fixture
async def guarded(serving: Serving, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A client, without a token, of a service that wants one."""
    path = tmp_path / "clients.json"
    path.write_text(json.dumps({"ann": _digest(ANN), "bob": _digest(BOB)}))
    async with serving(clients_file=path) as client:
        yield client


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Bearer  ",
        "Bearer wrong",
        f"Bearer {ANN}x",
        f"Basic {ANN}",
        ANN,
        f"Bearer {_digest(ANN)}",
        "Bearer \xff\xfe",
    ],
)
async def test_nothing_is_told_without_a_token(
    guarded: httpx.AsyncClient, header: str | None
) -> None:
    headers = [] if header is None else [(b"Authorization", header.encode("latin-1"))]
    asked = [
        guarded.build_request("POST", f"{JOBS}/trigger", json=file_job(), headers=headers),
        # Known before the body is read.
        guarded.build_request("POST", f"{JOBS}/trigger", content=b"{", headers=headers),
        *(
            guarded.build_request(method, f"{JOBS}{path}", headers=headers)
            for method, path in (
                ("GET", ""),
                ("GET", "?limit=x"),
                ("GET", f"/status/{'0' * 32}"),
                ("GET", f"/result/{'0' * 32}"),
                ("GET", f"/result/{'0' * 32}/download"),
                ("POST", f"/cancel/{'0' * 32}"),
                ("POST", f"/replay/{'0' * 32}"),
            )
        ),
    ]
    for request in asked:
        response = await guarded.send(request)
        assert response.status_code == 401, request.url
        assert problem(response)["kind"] == "unknown-client"
        assert response.headers["www-authenticate"].startswith("Bearer")


async def test_operations_need_no_token(guarded: httpx.AsyncClient) -> None:
    for path in ("/health", "/ready", "/metrics", "/openapi.json"):
        assert (await guarded.get(path)).status_code == 200


async def test_a_client_sees_its_own_jobs_alone(guarded: httpx.AsyncClient) -> None:
    guarded.headers["Authorization"] = f"Bearer {ANN}"
    job = await collected(guarded, file_job())
    guarded.headers["Authorization"] = f"bearer {BOB}"
    for path in ("status", "result"):
        response = await guarded.get(f"{JOBS}/{path}/{job['job_id']}")
        assert (response.status_code, problem(response)["kind"]) == (404, "job-not-found")
    assert (await guarded.get(JOBS)).json()["jobs"] == []
    guarded.headers["Authorization"] = f"Bearer {ANN}"
    assert (await guarded.get(JOBS)).json()["jobs"] == [job]


async def test_the_description_says_that_tokens_are_wanted_where_they_are(
    guarded: httpx.AsyncClient, client: httpx.AsyncClient
) -> None:
    described = (await guarded.get("/openapi.json")).json()
    for path, operations in described["paths"].items():
        for operation in operations.values():
            assert ("security" in operation) == path.startswith(JOBS), path
            assert ("401" in operation["responses"]) == path.startswith(JOBS), path
    open_to_all = (await client.get("/openapi.json")).json()
    assert "securitySchemes" not in open_to_all["components"]
    assert described["paths"].keys() == open_to_all["paths"].keys()


def test_a_file_of_clients_is_read(tmp_path: Path) -> None:
    path = tmp_path / "clients.json"
    path.write_text(json.dumps({"ann": _digest(ANN)}))
    assert isinstance(Clients.read(path), Clients)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "No such file"),
        ("", "not JSON"),
        ("{", "not JSON"),
        ("[]", "JSON object"),
        ("{}", "at least one"),
        ("[" * 100_000, "not JSON"),
        (b"\xff\xfe\xff", "not JSON"),
        (json.dumps({"a b": _digest(ANN)}), "'a b'"),
        (json.dumps({"": _digest(ANN)}), "''"),
        (json.dumps({"ann": ANN}), "ann must have"),
        (json.dumps({"ann": _digest(ANN).upper()}), "lower-case"),
        (json.dumps({"ann": None}), "ann must have"),
        (json.dumps({"ann": _digest(ANN), "bob": _digest(ANN)}), "same token"),
        (f'{{"ann": "{_digest(ANN)}", "ann": "{_digest(BOB)}"}}', "twice"),
    ],
)
def test_a_wrong_file_of_clients_is_refused_without_telling_a_token(
    tmp_path: Path, content: str | bytes | None, told: str
) -> None:
    path = tmp_path / "clients.json"
    if content is not None:
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(ClientsFileError) as refusal:
        Clients.read(path)
    assert told in str(refusal.value)
    assert ANN not in str(refusal.value)
