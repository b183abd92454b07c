"""The table of states: what is remembered of each SKU."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from functions.stock_alert.decisions import Alert, State

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

_UNCHANGED = "version = :version AND removed_at = :removed_at"


class StateChangedError(Exception):
    """Another invocation wrote the state since it was read."""


class States:
    """Reads and writes states; both raise botocore's errors."""

    def __init__(self, dynamodb: DynamoDBClient, *, table: str) -> None:
        self._dynamodb = dynamodb
        self._table = table

    def read(self, sku: str) -> State | None:
        """Return the state as the last finished write left it, None of a SKU never seen."""
        answer = self._dynamodb.get_item(
            TableName=self._table, Key={"sku": {"S": sku}}, ConsistentRead=True
        )
        return _decode(answer["Item"]) if "Item" in answer else None

    def write(self, state: State, *, instead_of: State | None) -> None:
        """Write the state, if that which was read still stands. Raise StateChangedError.

        Versions only grow, and those of an item made anew follow a later removal: both equal means
        that nothing was decided in between.
        """
        condition: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(sku)"}
        if instead_of:
            condition = {
                "ConditionExpression": _UNCHANGED,
                "ExpressionAttributeValues": {
                    ":version": {"N": str(instead_of.version)},
                    ":removed_at": {"S": str(instead_of.removed_at)},
                },
            }
        try:
            self._dynamodb.put_item(TableName=self._table, Item=_encode(state), **condition)
        except ClientError as exc:
            if exc.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            raise StateChangedError(f"the state of {state.sku} was written meanwhile") from exc


def _encode(state: State) -> dict[str, Any]:
    return {
        "sku": {"S": state.sku},
        "version": {"N": str(state.version)},
        "low": {"BOOL": state.low},
        # Text: it has up to 40 digits, a number of DynamoDB 38.
        "removed_at": {"S": str(state.removed_at)},
        "pending": {"L": [{"M": _encode_alert(alert)} for alert in state.pending]},
    }


def _decode(item: dict[str, Any]) -> State:
    return State(
        sku=item["sku"]["S"],
        version=int(item["version"]["N"]),
        low=item["low"]["BOOL"],
        removed_at=int(item["removed_at"]["S"]),
        pending=tuple(_decode_alert(alert["M"]) for alert in item["pending"]["L"]),
    )


def _encode_alert(alert: Alert) -> dict[str, Any]:
    return {
        "id": {"S": alert.id},
        "sku": {"S": alert.sku},
        "on_hand": {"N": str(alert.on_hand)},
        "threshold": {"N": str(alert.threshold)},
        "recovered_threshold": {"N": str(alert.recovered_threshold)},
        "version": {"N": str(alert.version)},
        "time": {"S": alert.time},
    }


def _decode_alert(item: dict[str, Any]) -> Alert:
    return Alert(
        id=item["id"]["S"],
        sku=item["sku"]["S"],
        on_hand=int(item["on_hand"]["N"]),
        threshold=int(item["threshold"]["N"]),
        recovered_threshold=int(item["recovered_threshold"]["N"]),
        version=int(item["version"]["N"]),
        time=item["time"]["S"],
    )
