"""order_processor does what its OpenAPI description says, whatever it is asked."""

from pathlib import Path

import pytest

from services.tests.fuzz.fuzzing import assert_nothing_found, fuzz

LEAST = 500


def test_order_processor_is_as_described(
    order_processor: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = fuzz(order_processor, configuration="order_processor.toml", folder=tmp_path)
    with capsys.disabled():
        print(f"\n{run.summary}")
    assert_nothing_found(
        run,
        least=LEAST,
        succeeding={
            "GET /health",
            "GET /ready",
            "GET /metrics",
            "PUT /v1/inventory/{sku}",
            "GET /v1/inventory/{sku}",
            "POST /v1/reservations",
            "GET /v1/reservations/{order_id}",
            "DELETE /v1/reservations/{order_id}",
            "POST /v1/reservations/{order_id}/sale",
        },
    )
