"""data_processor does what its OpenAPI description says, whatever it is asked."""

from pathlib import Path

import pytest

from libs.service_kit.testing import running
from services.tests.fuzz.fuzzing import assert_nothing_found, fuzz

LEAST = 300
PATIENT = {"PROBE_TIMEOUT_SECONDS": "20", "REQUEST_TIMEOUT_SECONDS": "60"}


def test_data_processor_is_as_described(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with running("services.data_processor.app:app", **PATIENT) as service:
        run = fuzz(service.url, configuration="data_processor.toml", folder=tmp_path)
    with capsys.disabled():
        print(f"\n{run.summary}")
    assert_nothing_found(
        run,
        least=LEAST,
        succeeding={"GET /health", "GET /ready", "GET /metrics", "POST /v1/transform"},
        chained=False,
    )
