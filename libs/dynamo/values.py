"""Python values to and from DynamoDB's typed attribute values.

Only the types that the tables hold: strings, whole numbers, booleans, null, lists and maps.
A float is refused, because DynamoDB's decimal numbers would not give the same value back.
"""

from collections.abc import Mapping
from typing import Any

type Value = str | int | bool | list[Value] | dict[str, Value] | None
type Item = dict[str, Value]
type AttributeValue = dict[str, Any]


def encode_value(value: object) -> AttributeValue:
    """Return `value` as DynamoDB's JSON. Raise TypeError for a type that the tables do not hold."""
    match value:
        case str():
            return {"S": value}
        case bool():  # before int, because bool is an int
            return {"BOOL": value}
        case int():
            return {"N": str(value)}
        case None:
            return {"NULL": True}
        case list() | tuple():
            return {"L": [encode_value(element) for element in value]}
        case dict():
            return {"M": encode_item(value)}
        case _:
            raise TypeError(f"cannot store a {type(value).__name__} in DynamoDB; use str or int")


def encode_item(item: Mapping[str, object]) -> dict[str, AttributeValue]:
    """Return `item` as DynamoDB's JSON."""
    return {name: encode_value(value) for name, value in item.items()}


def decode_value(attribute: AttributeValue) -> Value:
    """Return the Python value of DynamoDB's JSON. Raise TypeError for a type not listed above."""
    ((kind, value),) = attribute.items()
    match kind:
        case "S" | "BOOL":
            return value  # type: ignore[no-any-return]
        case "N":
            return int(value)
        case "NULL":
            return None
        case "L":
            return [decode_value(element) for element in value]
        case "M":
            return decode_item(value)
        case _:
            raise TypeError(f"unexpected DynamoDB attribute type {kind!r}")


def decode_item(attributes: Mapping[str, AttributeValue]) -> Item:
    """Return the Python form of an item in DynamoDB's JSON."""
    return {name: decode_value(attribute) for name, attribute in attributes.items()}
