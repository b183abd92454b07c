"""Stream records: what is read of them, and why one is refused."""

from __future__ import annotations

import contextlib
import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.stock_alert.records import BadRecordError, read_change, sequence_number_of
from functions.stock_alert.tests.stream import MOMENT, record, sequence_number


def changed(path: str, value: object) -> dict[str, Any]:
    """Return a good record with the value at a dotted path set, or taken away when it is None."""
    broken = copy.deepcopy(record())
    *folders, name = path.split(".")
    place = broken
    for folder in folders:
        place = place[folder]
    if value is None:
        del place[name]
    else:
        place[name] = value
    return broken


def test_a_change_is_read() -> None:
    change = read_change(record("kettle", 7, number=3, version=2))
    assert (change.sku, change.kind, change.on_hand, change.version) == ("kettle", "MODIFY", 7, 2)
    assert (change.time, change.sequence_number) == (MOMENT, sequence_number(3))


def test_a_removal_is_read_from_the_old_image() -> None:
    assert read_change(record(version=4, kind="REMOVE")).version == 4


def test_a_later_minor_version_and_added_fields_are_read() -> None:
    assert read_change(changed("eventVersion", "1.9") | {"added": 1}).sku == "kettle"


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("eventSource", "aws:kinesis", "eventSource"),
        ("eventVersion", "2.0", "eventVersion"),
        ("eventVersion", None, "eventVersion"),
        ("eventName", "RENAME", "eventName"),
        ("dynamodb", "text", "SequenceNumber"),
        ("dynamodb.SequenceNumber", None, "SequenceNumber"),
        ("dynamodb.SequenceNumber", "12a", "SequenceNumber"),
        ("dynamodb.SequenceNumber", "1" * 41, "SequenceNumber"),
        ("dynamodb.NewImage", None, "NewImage"),
        ("dynamodb.NewImage.sku", None, "sku: missing"),
        ("dynamodb.NewImage.sku", {"N": "1"}, "sku.S"),
        ("dynamodb.NewImage.sku", {"S": "a b"}, "sku: string_pattern_mismatch"),
        ("dynamodb.NewImage.on_hand", {"S": "5"}, "on_hand.N"),
        ("dynamodb.NewImage.on_hand", {"N": "5.5"}, "on_hand.N"),
        ("dynamodb.NewImage.on_hand", {"N": "-1"}, "on_hand: greater_than_equal"),
        ("dynamodb.NewImage.on_hand", {"N": "1" * 39}, "on_hand.N"),
        ("dynamodb.NewImage.version", {"N": "0"}, "version: greater_than_equal"),
        ("dynamodb.NewImage.version", None, "version: missing"),
        ("dynamodb.NewImage.updated_at", {"S": "yesterday"}, "updated_at"),
        ("dynamodb.NewImage.updated_at", {"S": "2025-01-02T03:04:05"}, "updated_at"),
    ],
)
def test_a_bad_record_is_refused_by_the_name_of_the_field(
    path: str, value: object, message: str
) -> None:
    with pytest.raises(BadRecordError, match=message):
        read_change(changed(path, value))


def test_a_refusal_does_not_repeat_what_the_record_holds() -> None:
    with pytest.raises(BadRecordError) as caught:
        read_change(changed("dynamodb.NewImage.sku", {"S": "someone@example.com"}))
    assert "someone" not in str(caught.value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@settings(deadline=None)
@given(JSON)
def test_anything_else_is_refused_and_nothing_breaks(value: object) -> None:
    with pytest.raises(BadRecordError):
        read_change(value)
    assert sequence_number_of(value) is None


@settings(deadline=None)
@given(st.sampled_from(["S", "N", "BOOL", "L", ""]), JSON, st.sampled_from(["sku", "version"]))
def test_any_attribute_is_read_or_refused(kind: str, value: object, name: str) -> None:
    with contextlib.suppress(BadRecordError):
        read_change(changed(f"dynamodb.NewImage.{name}", {kind: value}))
