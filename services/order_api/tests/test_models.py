"""Which orders are valid, checked over the whole space of small ones."""

import string
from operator import add
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from libs.contracts.lines import MAX_LINES
from libs.contracts.orders import OrderIn

ALPHANUMERIC = string.ascii_letters + string.digits
# The first example of st.from_regex takes a second to make.
skus = st.builds(add, st.sampled_from(ALPHANUMERIC), st.text(ALPHANUMERIC + "._-", max_size=8))
valid_lines = st.fixed_dictionaries({"sku": skus, "quantity": st.integers(1, 10_000)})
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@given(st.lists(valid_lines, min_size=1, max_size=MAX_LINES, unique_by=lambda line: line["sku"]))
def test_distinct_lines_with_whole_quantities_are_valid(lines: list[dict[str, Any]]) -> None:
    order = OrderIn.model_validate({"customer_id": "ann", "lines": lines})
    assert [line.model_dump() for line in order.lines] == lines


not_whole = st.floats().filter(lambda number: not number.is_integer())


@given(st.integers().filter(lambda n: not 1 <= n <= 10_000) | not_whole | st.text(), skus)
def test_any_other_quantity_is_refused(quantity: object, sku: str) -> None:
    lines = [{"sku": sku, "quantity": quantity}]
    with pytest.raises(ValidationError):
        OrderIn.model_validate({"customer_id": "ann", "lines": lines})


@given(st.lists(valid_lines, min_size=1, max_size=5), st.data())
def test_a_repeated_sku_is_refused(lines: list[dict[str, Any]], data: st.DataObject) -> None:
    repeated = data.draw(st.sampled_from(lines))
    with pytest.raises(ValidationError, match=r"is in two lines"):
        OrderIn.model_validate({"customer_id": "ann", "lines": [*lines, repeated]})


@given(json_values)
def test_any_json_is_valid_or_refused(value: object) -> None:
    with pytest.raises(ValidationError):
        OrderIn.model_validate(value)
