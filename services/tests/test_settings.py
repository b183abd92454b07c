"""A bad setting stops a service at its start with one line that names the variable."""

import pytest

from libs.service_kit.testing import launch

COLLECTOR = "services.collector.app:app"
DATA_PROCESSOR = "services.data_processor.app:app"
MODEL_SERVICE = "services.model_service.app:app"
ORDER_API = "services.order_api.app:app"
ORDER_PROCESSOR = "services.order_processor.app:app"


@pytest.mark.parametrize(
    ("app", "variable", "value"),
    [
        (COLLECTOR, "DATABASE_URL", "postgresql://collector:word/s3cret@db:port/jobs"),
        (COLLECTOR, "ROLE", "api"),
        (COLLECTOR, "SOURCES_FILE", "/no/such/file"),
        (DATA_PROCESSOR, "CURRENCY_RATES", '{"EUR": "0"}'),
        (DATA_PROCESSOR, "CURRENCY_RATES", "EUR=1"),
        (DATA_PROCESSOR, "MAX_CONCURRENT_FILES", "0"),
        (MODEL_SERVICE, "MODELS_POLL_SECONDS", "0"),
        (ORDER_API, "PORT", "http"),
        (ORDER_API, "ORDER_PROCESSOR_URL", "localhost"),
        (ORDER_API, "ORDERS_TABLE", "a b"),
        (ORDER_API, "PROCESSOR_TIMEOUT_SECONDS", "10"),
        (ORDER_API, "DYNAMODB_ENDPOINT", "ftp://127.0.0.1"),
        (ORDER_PROCESSOR, "AWS_REGION", "moon"),
        (ORDER_PROCESSOR, "INVENTORY_TABLE", "x"),
        (ORDER_PROCESSOR, "RESERVATIONS_TABLE", "y" * 256),
        (ORDER_PROCESSOR, "DYNAMODB_TIMEOUT_SECONDS", "0"),
    ],
)
def test_a_bad_setting_stops_the_start(app: str, variable: str, value: str) -> None:
    with launch(app, **{variable: value}) as process:
        output, errors = process.communicate(timeout=60)
    assert (process.returncode, output) == (78, "")
    (line,) = errors.splitlines()
    assert line.startswith(f"{app.split('.')[1]}: {variable}")
