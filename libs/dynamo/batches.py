"""Many keys in few calls: DynamoDB's batch operations, with what they leave over repeated.

A batch is no transaction: each key succeeds for itself, and DynamoDB hands back the keys that it
had no capacity or no room for (AWS API reference, BatchGetItem and BatchWriteItem).
"""

import asyncio
import itertools
from collections.abc import Callable, Coroutine, Iterable, Mapping
from typing import Any

from libs.dynamo.errors import ThrottledError
from libs.dynamo.retry import Backoff
from libs.dynamo.values import AttributeValue, Item, decode_item, encode_item

_MOST_READS = 100
_MOST_WRITES = 25
# The API reference asks for exponential waits before what was left over is sent again.
_BACKOFF = Backoff(attempts=6, base_seconds=0.05, cap_seconds=1)

type _Call = Callable[[str, Mapping[str, Any]], Coroutine[Any, Any, dict[str, Any]]]
type _Key = dict[str, AttributeValue]


async def read_all(call: _Call, table: str, keys: Iterable[Mapping[str, str]]) -> list[Item]:
    """Return the items of `keys` that exist. Raise ThrottledError when some are never served."""
    items: list[Item] = []

    async def read(chunk: list[_Key]) -> list[_Key]:
        answer = await call(
            "BatchGetItem", {"RequestItems": {table: {"Keys": chunk, "ConsistentRead": True}}}
        )
        items.extend(decode_item(item) for item in answer["Responses"].get(table, ()))
        left: list[_Key] = answer.get("UnprocessedKeys", {}).get(table, {}).get("Keys", [])
        return left

    for chunk in itertools.batched(_distinct(keys), _MOST_READS, strict=False):
        await _until_done(read, list(chunk), "BatchGetItem")
    return items


async def delete_all(call: _Call, table: str, keys: Iterable[Mapping[str, str]]) -> None:
    """Delete the items of `keys`. Raise ThrottledError when some are never served."""

    async def delete(chunk: list[_Key]) -> list[_Key]:
        writes = [{"DeleteRequest": {"Key": key}} for key in chunk]
        answer = await call("BatchWriteItem", {"RequestItems": {table: writes}})
        left = answer.get("UnprocessedItems", {}).get(table, [])
        return [write["DeleteRequest"]["Key"] for write in left]

    for chunk in itertools.batched(_distinct(keys), _MOST_WRITES, strict=False):
        await _until_done(delete, list(chunk), "BatchWriteItem")


async def _until_done(
    attempt: Callable[[list[_Key]], Coroutine[Any, Any, list[_Key]]], keys: list[_Key], name: str
) -> None:
    """Make `attempt` with `keys`, then with those that it left over, until none is left."""
    waits = _BACKOFF.waits()
    while left := await attempt(keys):
        if len(left) < len(keys):  # it moves on, however slowly
            waits = _BACKOFF.waits()
        wait = next(waits, None)
        if wait is None:
            raise ThrottledError(f"{name}: DynamoDB leaves {len(left)} keys undone")
        await asyncio.sleep(wait)
        keys = left


def _distinct(keys: Iterable[Mapping[str, str]]) -> list[_Key]:
    """Return the keys encoded, each once: DynamoDB refuses a batch that names one twice."""
    return [encode_item(dict(key)) for key in dict.fromkeys(tuple(key.items()) for key in keys)]
