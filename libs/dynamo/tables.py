"""Table definitions as plain data, and their creation for development and tests.

In production the tables are Terraform's; nothing in a service creates one.
"""

import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from libs.dynamo.client import Dynamo
from libs.dynamo.errors import RequestRefusedError, TableExistsError

_POLL_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Index:
    """A global secondary index; both keys are strings."""

    name: str
    partition_key: str
    sort_key: str | None = None
    projection: Literal["ALL", "KEYS_ONLY"] = "ALL"
    """What a query of the index answers; KEYS_ONLY makes each write of an item cheaper."""


@dataclass(frozen=True, slots=True)
class TableSpec:
    """A table billed by request; its keys are strings."""

    partition_key: str
    sort_key: str | None = None
    indexes: tuple[Index, ...] = ()
    ttl_attribute: str | None = None
    """Attribute with the time, in Unix seconds, after which DynamoDB may drop an item."""
    stream: Literal["NEW_AND_OLD_IMAGES"] | None = None
    """What the table's stream tells of each change; None needs no stream."""


class TableMismatchError(Exception):
    """A table of that name exists with other keys or indexes, or with another stream."""


async def create_tables(
    dynamo: Dynamo, tables: Mapping[str, TableSpec], *, timeout_seconds: float = 60
) -> None:
    """Create the tables that do not exist, by name, and wait until all are ACTIVE.

    Tables that exist get the stream and the expiry that they lack.

    Safe to repeat, also by two callers at once. Raise TableMismatchError for a table that exists
    but differs, TimeoutError when one is not ACTIVE after `timeout_seconds`.
    """
    async with asyncio.timeout(timeout_seconds), asyncio.TaskGroup() as group:
        for name, spec in tables.items():
            group.create_task(_ensure(dynamo, name, spec))


async def _ensure(dynamo: Dynamo, name: str, spec: TableSpec) -> None:
    with contextlib.suppress(TableExistsError):
        await dynamo.call("CreateTable", _create_request(name, spec))
    while True:
        table = (await dynamo.call("DescribeTable", {"TableName": name}))["Table"]
        if _shape(table) != _shape(_create_request(name, spec)):
            raise TableMismatchError(
                f"table {name} exists with other keys; delete it or choose another name"
            )
        states = [table["TableStatus"]]
        states += [index["IndexStatus"] for index in table.get("GlobalSecondaryIndexes", [])]
        if all(state == "ACTIVE" for state in states):
            if _has_stream(name, spec, table):
                break
            await _enable_stream(dynamo, name, spec)
        await asyncio.sleep(_POLL_SECONDS)
    if spec.ttl_attribute:
        await _enable_ttl(dynamo, name, spec.ttl_attribute)


def _has_stream(name: str, spec: TableSpec, table: Mapping[str, Any]) -> bool:
    """Tell whether the table has the stream that is wanted. Raise TableMismatchError."""
    stream = table.get("StreamSpecification", {})
    if spec.stream is None or not stream.get("StreamEnabled"):
        return spec.stream is None
    if stream["StreamViewType"] != spec.stream:
        raise TableMismatchError(
            f"table {name} exists with a stream of {stream['StreamViewType']}, not {spec.stream}; "
            "disable that stream, or delete the table"
        )
    return True


async def _enable_stream(dynamo: Dynamo, name: str, spec: TableSpec) -> None:
    request = {"TableName": name, "StreamSpecification": _stream_specification(spec)}
    # TableExistsError and a validation error are what a caller gets who comes second; the next look
    # at the table shows the stream then.
    with contextlib.suppress(TableExistsError, RequestRefusedError):
        await dynamo.call("UpdateTable", request)


async def _enable_ttl(dynamo: Dynamo, name: str, attribute: str) -> None:
    answer = await dynamo.call("DescribeTimeToLive", {"TableName": name})
    if answer["TimeToLiveDescription"]["TimeToLiveStatus"] in ("ENABLED", "ENABLING"):
        return
    wanted = {"AttributeName": attribute, "Enabled": True}
    await dynamo.call("UpdateTimeToLive", {"TableName": name, "TimeToLiveSpecification": wanted})


def _create_request(name: str, spec: TableSpec) -> dict[str, Any]:
    keyed: list[TableSpec | Index] = [spec, *spec.indexes]
    attributes = {key for part in keyed for key in (part.partition_key, part.sort_key) if key}
    request: dict[str, Any] = {
        "TableName": name,
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": _key_schema(spec),
        "AttributeDefinitions": [
            {"AttributeName": attribute, "AttributeType": "S"} for attribute in sorted(attributes)
        ],
    }
    if spec.indexes:
        request["GlobalSecondaryIndexes"] = [
            {
                "IndexName": index.name,
                "KeySchema": _key_schema(index),
                "Projection": {"ProjectionType": index.projection},
            }
            for index in spec.indexes
        ]
    if spec.stream:
        request["StreamSpecification"] = _stream_specification(spec)
    return request


def _stream_specification(spec: TableSpec) -> dict[str, Any]:
    return {"StreamEnabled": True, "StreamViewType": spec.stream}


def _key_schema(keyed: TableSpec | Index) -> list[dict[str, str]]:
    schema = [{"AttributeName": keyed.partition_key, "KeyType": "HASH"}]
    if keyed.sort_key:
        schema.append({"AttributeName": keyed.sort_key, "KeyType": "RANGE"})
    return schema


def _shape(table: Mapping[str, Any]) -> dict[str, Any]:
    """Return the keys of a table and of its indexes, from a request or from a description."""
    indexes = table.get("GlobalSecondaryIndexes", [])
    return {"": table["KeySchema"]} | {index["IndexName"]: index["KeySchema"] for index in indexes}
