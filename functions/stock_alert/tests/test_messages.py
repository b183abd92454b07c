"""The published message is the contract's event."""

from __future__ import annotations

import json

from functions.stock_alert.decisions import State, follow
from functions.stock_alert.messages import TYPE, message
from functions.stock_alert.records import read_change
from functions.stock_alert.tests.stream import THRESHOLDS, alert_id, record
from libs.contracts.stock_alerts import StockLow


def test_the_message_is_an_event_of_the_contract() -> None:
    change = read_change(record("kettle", 4, number=7, version=3))
    (alert,) = follow(State(sku="kettle"), [change], THRESHOLDS).pending
    text = message(alert)
    event = StockLow.model_validate_json(text)
    assert event.data.model_dump() == {
        "sku": "kettle",
        "on_hand": 4,
        "threshold": 10,
        "recovered_threshold": 20,
        "version": 3,
    }
    document = json.loads(text)
    assert document["id"] == alert_id("kettle", 7)
    assert document["type"] == TYPE
    assert document["subject"] == document["partitionkey"] == "kettle"
    assert document["sequence"] == "00000000000000000003"
    assert text == message(alert)


def test_the_longest_names_make_an_id_that_a_topic_takes() -> None:
    longest = record("k" * 64, 4)
    longest["dynamodb"]["SequenceNumber"] = "9" * 40
    (alert,) = follow(State(sku="k" * 64), [read_change(longest)], THRESHOLDS).pending
    assert len(alert.id) <= 128
    StockLow.model_validate_json(message(alert))
