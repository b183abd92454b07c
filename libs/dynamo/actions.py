"""The writes that a transaction is made of, in DynamoDB's own expression language.

Expressions stay as text: they are what DynamoDB's documentation describes, and building them costs
nothing. Names in an expression may be attribute names, or `#placeholders` given in `names` for
reserved words.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from libs.dynamo.values import encode_item

MAX_TRANSACTION_ACTIONS = 100
"""DynamoDB's own limit on the actions of one transaction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Put:
    """Write a whole item."""

    table: str
    item: Mapping[str, object]
    condition: str | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, object] = field(default_factory=dict)

    def request(self) -> dict[str, Any]:
        """Return the parameters of PutItem, which are those of a transaction's Put."""
        return {"Item": encode_item(self.item)} | _common(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """Change attributes of an item, creating it when the condition allows."""

    table: str
    key: Mapping[str, str]
    update: str
    condition: str | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, object] = field(default_factory=dict)

    def request(self) -> dict[str, Any]:
        """Return the parameters of UpdateItem, which are those of a transaction's Update."""
        return {"Key": encode_item(self.key), "UpdateExpression": self.update} | _common(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delete:
    """Remove an item; one that does not exist is removed already, unless the condition asks."""

    table: str
    key: Mapping[str, str]
    condition: str | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, object] = field(default_factory=dict)

    def request(self) -> dict[str, Any]:
        """Return the parameters of DeleteItem, which are those of a transaction's Delete."""
        return {"Key": encode_item(self.key)} | _common(self)


type Action = Put | Update | Delete


def _common(action: Action) -> dict[str, Any]:
    request: dict[str, Any] = {"TableName": action.table}
    if action.condition:
        request["ConditionExpression"] = action.condition
        # The item that made a condition fail comes with the refusal, which saves a read to find out
        # why.
        request["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
    if action.names:
        request["ExpressionAttributeNames"] = dict(action.names)
    if action.values:
        request["ExpressionAttributeValues"] = encode_item(action.values)
    return request
