"""Settings: what is taken, and what is said about what is not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from functions.stock_alert.settings import BadSettingsError, Settings, read_settings

GOOD = {
    "ALERTS_TOPIC_ARN": "arn:aws:sns:us-east-1:123456789012:stock-alerts.fifo",
    "DEAD_LETTERS_QUEUE_URL": "http://127.0.0.1:9324/000000000000/dead.fifo",
}


def test_defaults_hold_and_empty_variables_count_as_unset() -> None:
    settings = read_settings(GOOD | {"LOW_STOCK_THRESHOLD": "", "HOME": "/", "STOCK": "x"})
    assert (settings.low_stock_threshold, settings.recovered_threshold) == (10, 20)
    assert settings.stock_alerts_table == "stock_alerts"


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"LOW_STOCK_THRESHOLD": "few"}, "LOW_STOCK_THRESHOLD: .*integer"),
        ({"LOW_STOCK_THRESHOLD": "-1"}, "LOW_STOCK_THRESHOLD: .*greater"),
        ({"LOW_STOCK_THRESHOLD": "20"}, "RECOVERED_THRESHOLD is 20.*LOW_STOCK_THRESHOLD"),
        ({"RECOVERED_THRESHOLD": "9"}, "RECOVERED_THRESHOLD is 9"),
        ({"ALERTS_TOPIC_ARN": ""}, "ALERTS_TOPIC_ARN: .*required"),
        ({"ALERTS_TOPIC_ARN": "arn:aws:sns:us-east-1:1:a"}, "ALERTS_TOPIC_ARN: .*pattern"),
        ({"DEAD_LETTERS_QUEUE_URL": "queue"}, "DEAD_LETTERS_QUEUE_URL"),
        ({"STOCK_ALERTS_TABLE": "a b"}, "STOCK_ALERTS_TABLE"),
        ({"IDEMPOTENCY_TABLE": "x"}, "IDEMPOTENCY_TABLE"),
    ],
)
def test_a_bad_setting_is_refused_by_its_name(variables: dict[str, str], message: str) -> None:
    with pytest.raises(BadSettingsError, match=message):
        read_settings(GOOD | variables)


def test_all_faults_are_named_at_once() -> None:
    with pytest.raises(BadSettingsError, match=r"ALERTS_TOPIC_ARN.*DEAD_LETTERS_QUEUE_URL"):
        read_settings({})


def test_every_setting_is_documented_with_its_default() -> None:
    readme = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `([A-Z_]+)` \| ([^|]+) \|", readme, re.MULTILINE))
    for name, field in Settings.model_fields.items():
        expected = "required" if field.is_required() else f"`{field.default}`"
        assert expected == rows[name.upper()].strip(), name
