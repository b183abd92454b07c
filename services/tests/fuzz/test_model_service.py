"""model_service does what its OpenAPI description says, whatever it is asked."""

from pathlib import Path

import pytest

from libs.service_kit.testing import running
from services.tests.fuzz.fuzzing import assert_nothing_found, fuzz

LEAST = 400
PATIENT = {"PROBE_TIMEOUT_SECONDS": "20", "REQUEST_TIMEOUT_SECONDS": "60"}


def test_model_service_is_as_described(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with running("services.model_service.app:app", **PATIENT) as service:
        run = fuzz(service.url, configuration="model_service.toml", folder=tmp_path)
    with capsys.disabled():
        print(f"\n{run.summary}")
    assert_nothing_found(
        run,
        least=LEAST,
        succeeding={
            "GET /health",
            "GET /ready",
            "GET /metrics",
            "GET /v1/models",
            "POST /v1/models/{name}/predict",
            "POST /v1/models/{name}/forecast",
        },
    )
