"""DynamoDB by boto3, as both plain services use it."""

import os
import random
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import boto3
from boto3.dynamodb.types import TypeSerializer
from botocore.config import Config

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

_ATTEMPTS = 10
_BASE_SECONDS = 0.01
_CAP_SECONDS = 0.3
# FastAPI's thread pool has 40 threads; each may hold a connection.
_CONNECTIONS = 50

dynamodb: "DynamoDBClient" = boto3.client(
    "dynamodb",
    endpoint_url=os.environ["DYNAMODB_ENDPOINT"],
    region_name=os.environ["AWS_REGION"],
    config=Config(max_pool_connections=_CONNECTIONS, read_timeout=10),
)
_serializer = TypeSerializer()


def to_item(values: dict[str, Any]) -> dict[str, Any]:
    """Return Python values as DynamoDB's typed attribute values."""
    return {name: _serializer.serialize(value) for name, value in values.items()}


def transact(actions: "Sequence[TransactWriteItemTypeDef]") -> None:
    """Do all actions or none, again after a random wait when other transactions were in the way.

    Raise the client's TransactionCanceledException.
    """
    for attempt in range(_ATTEMPTS):
        try:
            dynamodb.transact_write_items(TransactItems=actions)
        except dynamodb.exceptions.TransactionCanceledException as exc:
            codes = {reason["Code"] for reason in exc.response["CancellationReasons"]}
            if codes - {"None"} != {"TransactionConflict"} or attempt == _ATTEMPTS - 1:
                raise
            bound = min(_CAP_SECONDS, _BASE_SECONDS * 2**attempt)
            time.sleep(random.uniform(0, bound))  # noqa: S311 - spreads load, keeps no secret
        else:
            return


def failed_condition(exc: Any, position: int) -> dict[str, Any] | None:
    """Return the standing item when the condition of the action at `position` failed.

    An empty item when there is none, and None when that action is not to blame.
    """
    reason = exc.response["CancellationReasons"][position]
    return reason.get("Item", {}) if reason["Code"] == "ConditionalCheckFailed" else None
