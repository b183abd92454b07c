"""Lines of an order, as clients send them."""

import pytest
from pydantic import TypeAdapter, ValidationError

from libs.contracts.lines import MAX_LINES, LineIn, Lines

LINES: TypeAdapter[list[LineIn]] = TypeAdapter(Lines)


def test_a_number_without_a_fraction_is_whole_however_it_is_written() -> None:
    (line,) = LINES.validate_json('[{"sku": "APPLE", "quantity": 3.0}]')
    assert line.model_dump_json() == '{"sku":"APPLE","quantity":3}'


@pytest.mark.parametrize("quantity", ["3.5", "0", "-1", "10001", '"3"', "true", "null", "1e400"])
def test_other_quantities_are_refused(quantity: str) -> None:
    with pytest.raises(ValidationError):
        LINES.validate_json(f'[{{"sku": "APPLE", "quantity": {quantity}}}]')


def test_a_sku_in_two_lines_is_refused_and_named() -> None:
    with pytest.raises(ValidationError, match="APPLE is in two lines"):
        LINES.validate_python([{"sku": "APPLE", "quantity": 1}] * 2)


@pytest.mark.parametrize("count", [0, MAX_LINES + 1])
def test_there_are_some_lines_and_not_too_many(count: int) -> None:
    with pytest.raises(ValidationError):
        LINES.validate_python([{"sku": f"S-{n}", "quantity": 1} for n in range(count)])


def test_unknown_fields_are_refused() -> None:
    with pytest.raises(ValidationError, match="price"):
        LINES.validate_python([{"sku": "APPLE", "quantity": 1, "price": 1}])


def test_the_schema_tells_every_bound() -> None:
    schema = LINES.json_schema()
    quantity = schema["$defs"]["Quantity"]
    assert (1, 10_000) == (quantity["minimum"], quantity["maximum"])
    lines = schema["$defs"]["Lines"] if "$ref" in schema else schema
    assert (1, MAX_LINES, True) == (lines["minItems"], lines["maxItems"], lines["uniqueItems"])
