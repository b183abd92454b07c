"""What becomes of a source's rows."""

import json
import math
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.collector.jobs import JsonObject, Record, Reject
from services.collector.shaping import (
    DEEPEST,
    LONGEST_BODY_BYTES,
    LONGEST_RECORD_ID,
    MOST_COLUMNS,
    Shaper,
)
from services.collector.sources.base import Row


def shaped(values: Mapping[str, Any], shape: JsonObject | None = None) -> Record | Reject:
    """Return what becomes of a row."""
    return Shaper(shape or {}).shaped(Row("line 7", values))


def record(values: Mapping[str, Any], shape: JsonObject | None = None) -> Record:
    """Return the record of a row that is one."""
    result = shaped(values, shape)
    assert isinstance(result, Record), result
    return result


def body(value: Any) -> Any:
    """Return what a record says of a value."""
    return json.loads(record({"record_id": "a", "value": value}).body)["value"]


def reject(values: Mapping[str, Any], shape: JsonObject | None = None) -> Reject:
    """Return why a row is no record."""
    result = shaped(values, shape)
    assert isinstance(result, Reject), result
    assert result.position == "line 7"
    return result


def nested(depth: int) -> Any:
    """Return a list within a list, and so on."""
    value: Any = []
    for _ in range(depth - 1):
        value = [value]
    return value


def test_a_row_without_a_shape_is_a_record_with_its_own_fields_in_order() -> None:
    assert Record("s-1", '{"quantity":2,"record_id":"s-1","sku":"A"}') == record(
        {"sku": "A", "record_id": "s-1", "quantity": 2}
    )


def test_a_shape_names_the_record_picks_fields_and_adds_constants() -> None:
    row = {"id": 17, "item": {"code": "A", "dotted.name": 1}, "rest": "unused"}
    shape: JsonObject = {
        "record_id": "id",
        "fields": {"sku": "item.code", "deep": "item.dotted.name", "none": "item.missing.on"},
        "constants": {"source": "till"},
    }
    assert Record("17", '{"deep":1,"none":null,"sku":"A","source":"till"}') == record(row, shape)


def test_a_field_whose_own_name_has_dots_comes_before_a_field_within_a_field() -> None:
    row = {"a.b": "whole", "a": {"b": "within"}}
    assert "whole" == record(row, {"record_id": "a.b"}).record_id


def test_a_constant_wins_over_a_field_of_the_row() -> None:
    row = {"record_id": "1", "source": "row"}
    assert '"source":"site"' in record(row, {"constants": {"source": "site"}}).body


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (Decimal("1.50"), "1.50"),
        (Decimal("1E+3"), "1000"),
        (Decimal("1E+1000000"), "1E+1000000"),
        (2**64 - 1, 2**64 - 1),
        (2**64, str(2**64)),
        (-(2**63), -(2**63)),
        (-(2**63) - 1, str(-(2**63) - 1)),
        (b"\x00\xff", "AP8="),
        (date(2026, 3, 1), "2026-03-01"),
        (time(9, 30), "09:30:00"),
        (datetime(2026, 3, 1, 12, tzinfo=UTC), "2026-03-01T12:00:00Z"),
        (
            datetime(2026, 3, 1, 12, tzinfo=timezone(timedelta(hours=5, minutes=30))),
            "2026-03-01T06:30:00Z",
        ),
        (datetime(2026, 3, 1, 12, 0, 0, 5), "2026-03-01T12:00:00.000005"),  # noqa: DTZ001
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        ((1, [True, None]), [1, [True, None]]),
    ],
)
def test_values_that_json_has_no_type_for_are_written_as_text(value: Any, written: Any) -> None:
    assert written == body(value)


def test_an_integer_of_more_digits_than_python_likes_to_write_is_kept() -> None:
    digits = body(10**5_000)
    assert isinstance(digits, str)
    assert Decimal(digits) == Decimal(10**5_000)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (math.nan, "is not a finite number"),
        (-math.inf, "is not a finite number"),
        (Decimal("NaN"), "is not a finite number"),
        (Decimal("Infinity"), "is not a finite number"),
        ([{"deep": math.inf}], "is not a finite number"),
        ("a\0b", "holds a NUL character"),
        ({"a\0b": 1}, "has a NUL character in a name"),
        ({1: "a"}, "has a name that is a value of type int and not text"),
        ("\ud800", "is not Unicode text"),
        ({"\udfff": 1}, "is not Unicode text"),
        (timedelta(1), "is a value of type timedelta, which JSON cannot say"),
        ({1}, "is a value of type set, which JSON cannot say"),
        (datetime.max.replace(tzinfo=timezone(timedelta(hours=-1))), "is a moment outside"),
        (nested(DEEPEST + 1), f"has more than {DEEPEST} lists and objects"),
        (nested(900), f"has more than {DEEPEST} lists and objects"),
    ],
)
def test_a_value_that_cannot_be_kept_makes_a_reject_that_names_its_field(
    value: Any, reason: str
) -> None:
    refused = reject({"record_id": "a", "first": 1, "value": value})
    assert "value" == refused.field
    assert reason in refused.reason


def test_as_many_lists_within_each_other_as_are_allowed_are_kept() -> None:
    assert nested(DEEPEST) == body(nested(DEEPEST))


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "is missing"),
        ("", "is empty"),
        (" \t", "is empty"),
        (True, "is a boolean"),
        (1.5, "is a number with a fraction"),
        (["a"], "is a list"),
        ({"a": 1}, "is an object"),
        (b"a", "which names no record"),
        ("x" * (LONGEST_RECORD_ID + 1), f"has {LONGEST_RECORD_ID + 1} characters"),
        ("a\0", "NUL"),
        ("\ud800", "is not Unicode text"),
        (Decimal("sNaN"), "is not a finite number"),
        pytest.param(10**5_000, "has 5001 characters", id="longest"),
    ],
)
def test_a_row_that_its_record_id_does_not_name_is_rejected(value: Any, reason: str) -> None:
    refused = reject({"id": value}, {"record_id": "id", "fields": {"a": "a"}})
    assert "id" == refused.field
    assert reason in refused.reason


@pytest.mark.parametrize("value", ["x" * LONGEST_RECORD_ID, 17, Decimal(17), UUID(int=5)])
def test_a_record_id_may_be_text_or_a_whole_number(value: Any) -> None:
    assert str(value) == record({"record_id": value}).record_id


def test_a_row_of_too_many_columns_is_rejected() -> None:
    columns = {f"c{number}": number for number in range(MOST_COLUMNS)}
    assert "1" == record(columns, {"record_id": "c1"}).record_id
    refused = reject({**columns, "more": 1}, {"record_id": "c1"})
    assert Reject("line 7", None, "has 1001 columns; 1000 are the most") == refused


def test_a_row_of_too_many_bytes_is_rejected() -> None:
    room = LONGEST_BODY_BYTES - len('{"record_id":"a","text":""}')
    assert LONGEST_BODY_BYTES == len(record({"record_id": "a", "text": "x" * room}).body)
    assert "1000001 bytes" in reject({"record_id": "a", "text": "x" * (room + 1)}).reason
    assert "bytes" in reject({"record_id": "a", "text": "é" * (room // 2 + 1)}).reason


def test_a_reject_can_be_stored_whatever_the_name_of_its_field() -> None:
    refused = reject({"record_id": "a", "\ud800\0" + "x" * 500: math.nan})
    assert refused.field is not None
    assert len(refused.field.encode()) <= 201
    assert "\0" not in refused.field


_keys = st.text(max_size=5)
_leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.decimals()
    | st.text(st.characters(), max_size=10)
    | st.binary(max_size=5)
    | st.datetimes(timezones=st.none() | st.timezones())
    | st.dates()
    | st.times()
    | st.uuids()
    | st.timedeltas()
)
_values = st.recursive(
    _leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_keys, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(_keys | st.just("record_id"), _values, max_size=6))
def test_any_row_becomes_a_record_that_every_reader_can_read_or_a_reject(
    values: dict[str, Any],
) -> None:
    result = shaped(values)
    match result:
        case Record():
            read = json.loads(result.body, parse_constant=_refuse)
            assert set(values) == set(read)
            assert sorted(read) == list(read)
            assert result.body == orjson.dumps(read, option=orjson.OPT_SORT_KEYS).decode()
            assert 1 <= len(result.record_id) <= LONGEST_RECORD_ID
            assert "\0" not in result.record_id + result.body
            result.record_id.encode()
        case Reject():
            assert result.reason
            (result.field or "").encode()


@given(
    st.dictionaries(
        st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=5),
        st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.text('aé\n"\\/'),
    )
)
def test_what_json_can_say_is_kept_as_it_is(values: dict[str, Any]) -> None:
    assert {**values, "record_id": "a"} == json.loads(record({**values, "record_id": "a"}).body)


def _refuse(constant: str) -> None:
    raise AssertionError(constant)
