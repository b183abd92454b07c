"""What every route shares: the list of models, readiness, metrics, the process."""

import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from libs.service_kit.testing import running
from libs.service_kit.testing_problems import problem
from services.model_service.features import FEATURE_NAMES
from services.model_service.tests.helpers import FORECAST, PREDICT, ROW, series

APP = "services.model_service.app:app"


async def test_ready_says_that_the_models_are_verified(client: httpx.AsyncClient) -> None:
    response = await client.get("/ready")
    assert response.status_code == 200
    assert response.json() == {
        "status": "ready",
        "dependencies": {"models": "ok", "models_folder": "ok"},
    }


async def test_models_are_listed_with_their_versions(client: httpx.AsyncClient) -> None:
    listed = (await client.get("/v1/models")).json()
    (demand,) = listed["models"]
    assert (demand["name"], demand["version"], demand["problem"]) == ("demand", "2", None)
    assert [("1", "verified"), ("2", "active")] == [
        (version["version"], version["status"]) for version in demand["versions"]
    ]
    assert all(len(version["sha256"]) == 64 for version in demand["versions"])
    assert all(version["accuracy"]["mean_absolute_error"] > 0 for version in demand["versions"])
    assert list(FEATURE_NAMES) == [feature["name"] for feature in listed["features"]]


async def test_metrics_count_requests_versions_read_and_rows(client: httpx.AsyncClient) -> None:
    await client.post(PREDICT, json={"rows": [ROW, ROW]})
    await client.post(f"{FORECAST}?version=1", json={"series": [series()], "horizon_days": 9})
    page = (await client.get("/metrics")).text
    assert 'route="/v1/models/{name}/predict",status="200"' in page
    assert 'model_loads_total{model="demand",outcome="verified"} 2.0' in page
    assert 'model_predictions_total{model="demand",version="2"} 2.0' in page
    assert 'model_predictions_total{model="demand",version="1"} 9.0' in page


@pytest.mark.parametrize(
    ("method", "path", "status", "kind"),
    [
        ("GET", "/v1/nothing", 404, "route-not-found"),
        ("GET", PREDICT, 405, "method-not-allowed"),
        ("DELETE", "/v1/models", 405, "method-not-allowed"),
        ("POST", PREDICT, 415, "unsupported-media-type"),
        ("POST", FORECAST, 415, "unsupported-media-type"),
    ],
)
async def test_the_frameworks_refusals_are_problems(
    client: httpx.AsyncClient, method: str, path: str, status: int, kind: str
) -> None:
    response = await client.request(method, path)
    assert response.status_code == status
    assert problem(response)["kind"] == kind


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b'{"rows": [}'])
async def test_a_body_that_is_no_json_is_refused(client: httpx.AsyncClient, body: bytes) -> None:
    for path in (PREDICT, FORECAST):
        response = await client.post(
            path, content=body, headers={"Content-Type": "application/json"}
        )
        assert response.status_code in {400, 422}
        assert problem(response)["kind"] in {"malformed-body", "validation-failed"}


async def test_a_large_body_is_refused(client: httpx.AsyncClient) -> None:
    response = await client.post(PREDICT, content=b" " * 5_000_000)
    assert response.status_code == 413
    assert problem(response)["kind"] == "body-too-large"


def test_the_service_needs_nothing_of_training() -> None:
    code = f"import sys, {APP.partition(':')[0]}; print(*sys.modules)"
    environment = {"PYTHONPATH": ":".join(filter(None, sys.path))}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    loaded = {module.partition(".")[0] for module in done.stdout.split()}
    assert "onnxruntime" in loaded
    assert not loaded & {"onnx", "pandas", "scipy", "skl2onnx", "sklearn"}


def test_the_runtime_keeps_no_id_of_the_machine(tmp_path: Path) -> None:
    """Where it may report to its makers, it writes one to the home folder."""
    done = subprocess.run(
        [sys.executable, "-c", "import services.model_service.app"],
        check=True,
        capture_output=True,
        env={**os.environ, "HOME": str(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert not list(tmp_path.rglob("*"))
    assert done.stderr == b""


def test_as_a_process_it_answers_and_switches(models_folder: Path) -> None:
    settings = {"MODELS_FOLDER": str(models_folder), "MODELS_POLL_SECONDS": "0.05"}
    with running(APP, **settings) as service, httpx.Client(base_url=service.url) as client:
        first = client.post(PREDICT, json={"rows": [ROW]}).json()
        assert first["version"] == "2"
        assert client.post(FORECAST, json={"series": [series()]}).status_code == 200
        (models_folder / "demand" / "ACTIVE").write_text("1")
        assert service.wait_for("model_switched")["version"] == "2"
        assert service.wait_for("model_switched")["version"] == "1"
        second = client.post(PREDICT, json={"rows": [ROW]}).json()
        assert second["version"] == "1"
        assert (0, "") == service.stop()
