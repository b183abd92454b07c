"""Python values to and from DynamoDB's typed attribute values.

Only the types that the tables hold: strings, whole numbers, booleans, null, lists and maps.
A float is refused, because DynamoDB's decimal numbers would not give the same value back.
Strings are most of what there is, so that they are looked for first, and without a call.
"""

from collections.abc import Mapping
from typing import Any

type Value = str | int | bool | list[Value] | dict[str, Value] | None
type Item = dict[str, Value]
type AttributeValue = dict[str, Any]


def encode_value(value: object) -> AttributeValue:
    """Return `value` as DynamoDB's JSON. Raise TypeError for a type that the tables do not hold."""
    if isinstance(value, str):
        return {"S": value}
    if isinstance(value, bool):  # before int, because bool is an int
        return {"BOOL": value}
    if isinstance(value, int):
        return {"N": str(value)}
    if value is None:
        return {"NULL": True}
    if isinstance(value, dict):
        return {"M": encode_item(value)}
    if isinstance(value, list | tuple):
        return {"L": [encode_value(element) for element in value]}
    raise TypeError(f"cannot store a {type(value).__name__} in DynamoDB; use str or int")


def encode_item(item: Mapping[str, object]) -> dict[str, AttributeValue]:
    """Return `item` as DynamoDB's JSON."""
    return {
        name: {"S": value} if type(value) is str else encode_value(value)
        for name, value in item.items()
    }


def decode_value(attribute: AttributeValue) -> Value:
    """Return the Python value of DynamoDB's JSON. Raise TypeError for a type not listed above."""
    ((kind, value),) = attribute.items()
    if kind in ("S", "BOOL"):
        return value  # type: ignore[no-any-return]
    if kind == "N":
        return int(value)
    if kind == "M":
        return decode_item(value)
    if kind == "L":
        return [decode_value(element) for element in value]
    if kind == "NULL":
        return None
    raise TypeError(f"unexpected DynamoDB attribute type {kind!r}")


def decode_item(attributes: Mapping[str, AttributeValue]) -> Item:
    """Return the Python form of an item in DynamoDB's JSON."""
    return {
        name: attribute["S"] if "S" in attribute else decode_value(attribute)
        for name, attribute in attributes.items()
    }


def whole_number(value: object) -> int:
    """Return an attribute that is a number. Raise TypeError for any other, or for none."""
    if not isinstance(value, int):
        raise TypeError(f"an item holds {value!r} where a whole number belongs")
    return value
