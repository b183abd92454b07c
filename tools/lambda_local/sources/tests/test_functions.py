"""Answers to a batch, read as Lambda reads them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tools.lambda_local.sources.functions import PAYLOAD_BYTES, failed_items, payloads
from tools.lambda_local.sources.tests.scripted import CRASH, Answer, reporting

MEGABYTE = 1_000_000
ITEMS = ["1", "2", "3"]


@pytest.mark.parametrize(
    "payload", [None, {}, {"batchItemFailures": []}, {"batchItemFailures": None}, {"other": 1}]
)
def test_nothing_reported_is_success(payload: Any) -> None:
    assert set() == failed_items(Answer(payload), ITEMS, reported=True)


def test_reported_items_alone_failed() -> None:
    assert {"1", "3"} == failed_items(reporting("3", "1"), ITEMS, reported=True)


@pytest.mark.parametrize(
    "payload",
    [
        "ok",
        [],
        {"batchItemFailures": "1"},
        {"batchItemFailures": {"itemIdentifier": "1"}},
        {"batchItemFailures": [{"itemIdentifier": ""}]},
        {"batchItemFailures": [{"itemIdentifier": None}]},
        {"batchItemFailures": [{"itemIdentifier": 1}]},
        {"batchItemFailures": [{"identifier": "1"}]},
        {"batchItemFailures": [{"itemIdentifier": "1"}, {"itemIdentifier": "9"}]},
        {"batchItemFailures": ["1"]},
        {"batchItemFailures": [None]},
    ],
)
def test_a_malformed_report_fails_the_whole_batch(payload: Any) -> None:
    assert set(ITEMS) == failed_items(Answer(payload), ITEMS, reported=True)


def test_an_error_fails_the_whole_batch() -> None:
    assert set(ITEMS) == failed_items(CRASH, ITEMS, reported=True)
    assert set(ITEMS) == failed_items(CRASH, ITEMS, reported=False)


def test_without_the_setting_a_report_is_not_read() -> None:
    assert set() == failed_items(reporting("1"), ITEMS, reported=False)


def test_records_are_parted_so_that_one_call_carries_each_part_and_keep_their_order() -> None:
    records = [{"n": number, "body": "x" * MEGABYTE} for number in range(14)]
    parts = list(payloads(records))
    assert [6, 6, 2] == [len(part) for part in parts]
    assert list(range(14)) == [record["n"] for part in parts for record in part]
    assert all(len(json.dumps({"Records": part})) <= PAYLOAD_BYTES for part in parts)


def test_small_records_are_one_part_and_a_large_one_is_alone() -> None:
    assert [] == list(payloads([]))
    assert [3] == [len(part) for part in payloads([{}, {}, {}])]
    large = {"body": "x" * PAYLOAD_BYTES}
    assert [[{}], [large], [{}]] == list(payloads([{}, large, {}]))
