"""order_api does what its OpenAPI description says, whatever it is asked."""

from pathlib import Path

import pytest

from services.tests.fuzz.fuzzing import assert_nothing_found, fuzz

LEAST = 500


def test_order_api_is_as_described(
    order_api: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = fuzz(order_api, configuration="order_api.toml", folder=tmp_path)
    with capsys.disabled():
        print(f"\n{run.summary}")
    assert_nothing_found(
        run,
        least=LEAST,
        succeeding={
            "GET /health",
            "GET /ready",
            "GET /metrics",
            "POST /v1/orders",
            "GET /v1/orders",
            "GET /v1/orders/{order_id}",
            "POST /v1/orders/{order_id}/cancel",
            "POST /v1/orders/{order_id}/ship",
        },
    )
