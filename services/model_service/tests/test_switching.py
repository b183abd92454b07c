"""Versions come, go and change places under a running service."""

import asyncio
import functools
import shutil
from pathlib import Path

import httpx
import pytest

from libs.service_kit.testing_problems import problem
from services.model_service.tests.conftest import serving
from services.model_service.tests.helpers import (
    PREDICT,
    ROW,
    eventually,
    put_version,
    reciprocal_model,
)


async def _version(client: httpx.AsyncClient) -> str:
    response = await client.post(PREDICT, json={"rows": [ROW]})
    assert response.status_code == 200, response.text
    return str(response.json()["version"])


async def _last_is(seen: list[str], version: str) -> bool:
    return seen[-1:] == [version]


async def _ready(client: httpx.AsyncClient) -> str:
    response = await client.get("/ready")
    return str(response.json()["status"]) if response.status_code == 200 else "not ready"


async def _problems(client: httpx.AsyncClient) -> str:
    return (await client.get("/v1/models")).text


def _activate(folder: Path, version: str) -> None:
    new = folder / "demand" / "ACTIVE.new"
    new.write_text(f"{version}\n")
    new.replace(folder / "demand" / "ACTIVE")


async def test_the_active_file_switches_without_a_lost_request(
    client: httpx.AsyncClient, models_folder: Path
) -> None:
    seen: list[str] = []
    stop = asyncio.Event()

    async def ask() -> None:
        while not stop.is_set():
            seen.append(await _version(client))
            await asyncio.sleep(0)  # in one process a request waits for nothing

    async with asyncio.timeout(30), asyncio.TaskGroup() as tasks:
        for _ in range(3):
            tasks.create_task(ask())
        for version in ("1", "2", "1"):
            _activate(models_folder, version)
            await eventually(functools.partial(_last_is, seen, version))
        stop.set()
    assert {"1", "2"} == set(seen)


async def test_a_new_version_is_served_beside_the_others(
    client: httpx.AsyncClient, models_folder: Path
) -> None:
    demand = models_folder / "demand"
    put_version(demand, "3", reciprocal_model(), like=demand / "2", golden=(4.0, 0.25))

    async def served() -> bool:
        return (await client.post(f"{PREDICT}?version=3", json={"rows": [ROW]})).is_success

    await eventually(served)
    response = await client.post(f"{PREDICT}?version=3", json={"rows": [ROW]})
    assert response.json()["predictions"] == [pytest.approx(1 / ROW["mean_7"])]
    assert await _version(client) == "2"


async def test_a_version_that_comes_in_pieces_is_served_when_it_is_whole(
    client: httpx.AsyncClient, models_folder: Path, tmp_path: Path
) -> None:
    demand = models_folder / "demand"
    whole = put_version(tmp_path, "3", reciprocal_model(), like=demand / "2", golden=(4.0, 0.25))
    (demand / "3").mkdir()
    shutil.copy(whole / "model.onnx", demand / "3")
    _activate(models_folder, "3")

    async def told() -> bool:
        return "manifest.json is missing" in await _problems(client)

    await eventually(told)
    assert (await _version(client), await _ready(client)) == ("2", "degraded")
    shutil.copy(whole / "manifest.json", demand / "3")

    async def switched() -> bool:
        return await _version(client) == "3"

    await eventually(switched)
    assert await _ready(client) == "ready"


@pytest.mark.parametrize(
    ("content", "why"),
    [("9", "names '9'"), ("", "no name of a version"), ("../1", "no name"), (None, "No such file")],
)
async def test_an_active_file_that_names_none_changes_nothing(
    client: httpx.AsyncClient, models_folder: Path, content: str | None, why: str
) -> None:
    active = models_folder / "demand" / "ACTIVE"
    if content is None:
        active.unlink()
    else:
        active.write_text(content)

    async def told() -> bool:
        return why in await _problems(client)

    await eventually(told)
    assert (await _version(client), await _ready(client)) == ("2", "degraded")


async def test_a_file_that_is_damaged_later_changes_nothing(
    client: httpx.AsyncClient, models_folder: Path
) -> None:
    before = (await client.post(PREDICT, json={"rows": [ROW]})).json()
    (models_folder / "demand" / "2" / "model.onnx").write_bytes(b"damaged")

    async def told() -> bool:
        return await _ready(client) == "degraded"

    await eventually(told)
    assert (await client.post(PREDICT, json={"rows": [ROW]})).json() == before
    (version,) = [
        version
        for version in (await client.get("/v1/models")).json()["models"][0]["versions"]
        if version["version"] == "2"
    ]
    assert version["status"] == "active"
    assert "sha256" in version["problem"]


@pytest.mark.parametrize("gone", ["", "demand/2"])
async def test_a_folder_that_goes_away_takes_no_active_model_along(
    client: httpx.AsyncClient, models_folder: Path, gone: str
) -> None:
    shutil.rmtree(models_folder / gone)

    async def told() -> bool:
        return await _ready(client) == "degraded"

    await eventually(told)
    assert await _version(client) == "2"
    response = await client.post(f"{PREDICT}?version=2", json={"rows": [ROW]})
    assert response.json()["version"] == "2"


async def test_a_model_that_is_taken_away_is_not_found(
    client: httpx.AsyncClient, models_folder: Path
) -> None:
    shutil.copytree(models_folder / "demand", models_folder / "demand-2")
    shutil.rmtree(models_folder / "demand")

    async def gone() -> bool:
        return (await client.post(PREDICT, json={"rows": [ROW]})).status_code == 404

    await eventually(gone)


async def test_a_broken_newcomer_does_not_make_the_service_unready(
    client: httpx.AsyncClient, models_folder: Path
) -> None:
    (models_folder / "seasonal").mkdir()
    (models_folder / "seasonal" / "ACTIVE").write_text("1")

    async def told() -> bool:
        return await _ready(client) == "degraded"

    await eventually(told)
    response = await client.post("/v1/models/seasonal/predict", json={"rows": [ROW]})
    assert response.status_code == 503
    assert problem(response)["kind"] == "model-unavailable"


@pytest.mark.parametrize("broken", ["golden", "no folder", "empty folder"])
async def test_without_a_verified_model_it_lives_but_is_not_ready(
    models_folder: Path, broken: str
) -> None:
    if broken == "golden":
        manifest = models_folder / "demand" / "2" / "manifest.json"
        text = manifest.read_text().replace('"units": [', '"units": [1,', 1)
        manifest.write_text(text)
    else:
        shutil.rmtree(models_folder / "demand" if broken == "empty folder" else models_folder)
    async with serving(models_folder) as client:
        assert (await client.get("/health")).status_code == 200
        response = await client.get("/ready")
        assert response.status_code == 503
        assert problem(response)["dependencies"]["models"] == "NoActiveVersionError"


async def test_without_an_active_file_versions_answer_only_by_name(models_folder: Path) -> None:
    Path.unlink(models_folder / "demand" / "ACTIVE")
    async with serving(models_folder) as client:
        assert await _ready(client) == "not ready"
        response = await client.post(PREDICT, json={"rows": [ROW]})
        assert (response.status_code, problem(response)["kind"]) == (503, "model-unavailable")
        assert response.headers["retry-after"] == "5"
        response = await client.post(f"{PREDICT}?version=1", json={"rows": [ROW]})
        assert response.json()["version"] == "1"
        (listed,) = (await client.get("/v1/models")).json()["models"]
        assert listed["version"] is None
        assert ["verified", "verified"] == [version["status"] for version in listed["versions"]]


async def test_it_gets_ready_once_the_folder_is_mended(models_folder: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    shutil.move(models_folder, elsewhere)
    async with serving(models_folder) as client:
        assert await _ready(client) == "not ready"
        shutil.move(elsewhere, models_folder)

        async def ready() -> bool:
            return await _ready(client) == "ready"

        await eventually(ready)
        assert await _version(client) == "2"
