"""What tests of those who write events find."""

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from libs.contracts.testing import check_event

EXAMPLES = Path("libs/contracts/examples/order_events.v1.json")
PLACED: dict[str, Any] = json.loads(EXAMPLES.read_text(encoding="utf-8"))["OrderEvent"][0]
ORDER = PLACED["data"]


def test_an_event_as_promised_is_returned() -> None:
    assert PLACED == check_event("order_events.v1", json.dumps(PLACED))


@pytest.mark.parametrize(
    "event",
    [
        PLACED | {"unheard_of": 1},
        PLACED | {"type": "granary.order.placed.v2"},
        PLACED | {"time": "yesterday"},
        PLACED | {"data": ORDER | {"unheard_of": 1}},
        PLACED | {"data": ORDER | {"status": "LOST"}},
        PLACED | {"data": {name: ORDER[name] for name in ORDER if name != "customer_id"}},
        PLACED | {"data": ORDER | {"lines": [ORDER["lines"][0] | {"unheard_of": 1}]}},
    ],
)
def test_what_was_not_promised_is_refused(event: dict[str, Any]) -> None:
    with pytest.raises(jsonschema_rs.ValidationError):
        check_event("order_events.v1", json.dumps(event))
