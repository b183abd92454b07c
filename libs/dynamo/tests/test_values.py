"""Values keep their type through DynamoDB's JSON, and foreign types fail at the write."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.dynamo.values import Value, decode_item, encode_item, encode_value

values: st.SearchStrategy[Value] = st.recursive(
    st.text() | st.integers() | st.booleans() | st.none(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(st.dictionaries(st.text(), values))
def test_round_trip(item: dict[str, Value]) -> None:
    assert decode_item(encode_item(item)) == item


def test_a_boolean_is_not_stored_as_a_number() -> None:
    assert encode_value(True) == {"BOOL": True}


@pytest.mark.parametrize("value", [1.5, b"bytes", {1, 2}, object()])
def test_a_type_that_no_table_holds_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match="cannot store"):
        encode_value(value)
