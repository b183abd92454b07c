"""Typed access to DynamoDB: the few calls that the services make, signed by `libs.aws`."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass
from typing import Any, Protocol

from libs.aws import AwsClient, NoAnswerError, ServiceError, connect_aws
from libs.dynamo import batches
from libs.dynamo.actions import MAX_TRANSACTION_ACTIONS, Action, Delete, Put, Update
from libs.dynamo.errors import ConflictError, ThrottledError, UnavailableError
from libs.dynamo.refusals import refusal
from libs.dynamo.retry import Backoff
from libs.dynamo.settings import DynamoSettings
from libs.dynamo.values import Item, decode_item, encode_item

_API = "DynamoDB_20120810"
_BACKOFF = Backoff(attempts=4, base_seconds=0.025, cap_seconds=0.4)
# Conflicts are many short waits: a hot item is free again within milliseconds.
_CONFLICT_BACKOFF = Backoff(attempts=10, base_seconds=0.01, cap_seconds=0.3)
_CONNECTIONS = 100
_UNMEASURED = nullcontext()


class Span(Protocol):
    """What measures a call."""

    def __call__(self, name: str, /, *, operation: str) -> AbstractContextManager[None]:
        """Return the context to make the call in."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a query; `last_key` is where the next one starts, None at the end."""

    items: list[Item]
    last_key: dict[str, str] | None


class Dynamo:
    """One service's connection to DynamoDB. Make it with `connect`."""

    def __init__(self, client: AwsClient, *, span: Span) -> None:
        self._client = client
        self._span = span

    async def get(self, table: str, key: Mapping[str, str]) -> Item | None:
        """Return the item as the last finished write left it, or None."""
        answer = await self.call(
            "GetItem",
            {"TableName": table, "Key": encode_item(key), "ConsistentRead": True},
        )
        return decode_item(answer["Item"]) if "Item" in answer else None

    async def put(self, action: Put, *, repeatable: bool = True) -> None:
        """Write one item. Raise ConditionFailedError when its condition does not hold."""
        await self.call("PutItem", action.request(), repeatable=repeatable)

    async def update(self, action: Update, *, repeatable: bool = True) -> Item:
        """Change one item and return it as it is now. Raise ConditionFailedError as `put` does."""
        request = action.request() | {"ReturnValues": "ALL_NEW"}
        answer = await self.call("UpdateItem", request, repeatable=repeatable)
        return decode_item(answer["Attributes"])

    async def delete(self, action: Delete, *, repeatable: bool = True) -> None:
        """Remove one item. Raise ConditionFailedError as `put` does."""
        await self.call("DeleteItem", action.request(), repeatable=repeatable)

    async def transact(self, actions: Sequence[Action]) -> None:
        """Do all `actions` or none.

        A lost answer is asked for again under the token of the first attempt, which DynamoDB keeps
        for ten minutes: what was done is then not done twice, and is answered as the success that
        it was. Raise TransactionCancelledError with a reason an action.
        """
        if not 1 <= len(actions) <= MAX_TRANSACTION_ACTIONS:
            raise ValueError(
                f"a transaction has 1 to {MAX_TRANSACTION_ACTIONS} actions, not {len(actions)}"
            )
        items = [{type(action).__name__: action.request()} for action in actions]
        token = secrets.token_hex(16)
        request = {"TransactItems": items, "ClientRequestToken": token}
        await self.call("TransactWriteItems", request)

    async def query(
        self,
        table: str,
        *,
        condition: str,
        values: Mapping[str, object],
        limit: int,
        names: Mapping[str, str] | None = None,
        index: str | None = None,
        descending: bool = False,
        start: Mapping[str, str] | None = None,
        consistent: bool = False,
    ) -> Page:
        """Return at most `limit` items of one partition, from after `start` on.

        With `consistent` they are as the last finished writes left them; an index cannot do that.
        """
        request: dict[str, Any] = {
            "TableName": table,
            "KeyConditionExpression": condition,
            "ExpressionAttributeValues": encode_item(values),
            "Limit": limit,
            "ScanIndexForward": not descending,
            "ConsistentRead": consistent,
        }
        if names:
            request["ExpressionAttributeNames"] = dict(names)
        if index:
            request["IndexName"] = index
        if start:
            request["ExclusiveStartKey"] = encode_item(start)
        answer = await self.call("Query", request)
        last = answer.get("LastEvaluatedKey")
        return Page(
            items=[decode_item(item) for item in answer["Items"]],
            last_key={name: str(value) for name, value in decode_item(last).items()}
            if last
            else None,
        )

    async def batch_get(self, table: str, keys: Iterable[Mapping[str, str]]) -> list[Item]:
        """Return those of the items that exist, as the last finished writes left them, unordered.

        Any number of keys. Raise ThrottledError when DynamoDB leaves some undone after retries.
        """
        return await batches.read_all(self.call, table, keys)

    async def delete_all(self, table: str, keys: Iterable[Mapping[str, str]]) -> None:
        """Remove the items, any number, each for itself: after an error some may be gone.

        Raise ThrottledError when DynamoDB leaves some undone after retries.
        """
        await batches.delete_all(self.call, table, keys)

    async def call(
        self, operation: str, request: Mapping[str, Any], *, repeatable: bool = True
    ) -> dict[str, Any]:
        """Make one call of DynamoDB's API and return its answer, retrying with jitter.

        Throttling and conflicts are always retried, for nothing was written.
        With `repeatable=False` a call whose outcome is unknown (time-out, lost connection, 5xx) is
        not retried. Raise one of the errors in `libs.dynamo.errors`.
        """
        waits = _BACKOFF.waits()
        conflict_waits = _CONFLICT_BACKOFF.waits()
        while True:
            try:
                with self._span("DynamoDB", operation=operation):
                    return await self._client.call(f"{_API}.{operation}", request)
            except (NoAnswerError, ServiceError) as exc:
                error = refusal(exc, operation)
                match error:
                    case ConflictError():
                        wait = next(conflict_waits, None)
                    case ThrottledError():
                        wait = next(waits, None)
                    case UnavailableError() if repeatable:
                        wait = next(waits, None)
                    case _:
                        wait = None
                if wait is None:
                    raise error from exc
            await asyncio.sleep(wait)


@asynccontextmanager
async def connect(
    settings: DynamoSettings, *, span: Span = lambda _, **__: _UNMEASURED
) -> AsyncIterator[Dynamo]:
    """Open the connection pool; leaving the context closes it. No request is made yet.

    Every attempt of a call is made in a context that `span` gives, called with what is called and
    the `operation`: that is how it becomes part of a trace.
    """
    endpoint = settings.dynamodb_endpoint
    async with connect_aws(
        "dynamodb",
        region=settings.aws_region,
        endpoint=str(endpoint) if endpoint else None,
        timeout_seconds=settings.dynamodb_timeout_seconds,
        max_connections=_CONNECTIONS,
    ) as client:
        yield Dynamo(client, span=span)
