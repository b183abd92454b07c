"""Typed access to DynamoDB: the few calls that the services make, over a thin signed client.

aiodynamo signs, finds credentials and carries the request; marshalling, errors and retries are
ours, so that the client below can change without a service noticing (docs/DECISIONS.md says why
this one).
"""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import aiohttp
from aiodynamo import errors as transport_errors
from aiodynamo.client import Client
from aiodynamo.credentials import (
    ChainCredentials,
    ContainerMetadataCredentials,
    EnvironmentCredentials,
    InstanceMetadataCredentialsV2,
)
from aiodynamo.http.aiohttp import AIOHTTP
from aiodynamo.models import StaticDelayRetry
from yarl import URL

from libs.dynamo.actions import MAX_TRANSACTION_ACTIONS, Action, Put, Update
from libs.dynamo.errors import (
    CONDITION_FAILED,
    CancellationReason,
    ConditionFailedError,
    ConflictError,
    DynamoError,
    RequestRefusedError,
    TableExistsError,
    TableMissingError,
    ThrottledError,
    TransactionCancelledError,
    UnavailableError,
)
from libs.dynamo.retry import Backoff
from libs.dynamo.settings import DynamoSettings
from libs.dynamo.values import Item, decode_item, encode_item

_BACKOFF = Backoff(attempts=4, base_seconds=0.025, cap_seconds=0.4)
# Conflicts are many short waits: a hot item is free again within milliseconds.
_CONFLICT_BACKOFF = Backoff(attempts=10, base_seconds=0.01, cap_seconds=0.3)
_CONNECTIONS = 100
_THROTTLED = (
    transport_errors.Throttled,
    transport_errors.ProvisionedThroughputExceeded,
    transport_errors.RequestLimitExceeded,
    # The client has dropped the expired token by now, and the next attempt fetches a new one.
    transport_errors.ExpiredToken,
)
_UNAVAILABLE = (
    transport_errors.InternalDynamoError,
    transport_errors.ServiceUnavailable,
    transport_errors.TransactionInProgress,
    transport_errors.NoCredentialsFound,
    aiohttp.ClientError,
    TimeoutError,
    OSError,
)


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a query; `last_key` is where the next one starts, None at the end."""

    items: list[Item]
    last_key: dict[str, str] | None


class Dynamo:
    """One service's connection to DynamoDB. Make it with `connect`."""

    def __init__(self, client: Client) -> None:
        self._client = client

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

    async def transact(self, actions: Sequence[Action]) -> None:
        """Do all `actions` or none.

        Lost answers are repeated, so one of the actions must have a condition that its own success
        makes false. Raise TransactionCancelledError with a reason an action.
        """
        if not 1 <= len(actions) <= MAX_TRANSACTION_ACTIONS:
            raise ValueError(
                f"a transaction has 1 to {MAX_TRANSACTION_ACTIONS} actions, not {len(actions)}"
            )
        items = [{type(action).__name__: action.request()} for action in actions]
        await self.call("TransactWriteItems", {"TransactItems": items})

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
    ) -> Page:
        """Return at most `limit` items of one partition, from after `start` on."""
        request: dict[str, Any] = {
            "TableName": table,
            "KeyConditionExpression": condition,
            "ExpressionAttributeValues": encode_item(values),
            "Limit": limit,
            "ScanIndexForward": not descending,
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
                return await self._client.send_request(action=operation, payload=request)
            except Exception as exc:
                error = _translate(exc, operation)
                match error:
                    case None:
                        raise
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
async def connect(settings: DynamoSettings) -> AsyncIterator[Dynamo]:
    """Open the connection pool; leaving the context closes it. No request is made yet."""
    # Files of a home folder are left out: a service gets its rights from where it runs.
    credentials = ChainCredentials(
        [EnvironmentCredentials(), ContainerMetadataCredentials(), InstanceMetadataCredentialsV2()]
    )
    endpoint = settings.dynamodb_endpoint
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=_CONNECTIONS),
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=settings.dynamodb_timeout_seconds),
    ) as session:
        client = Client(
            AIOHTTP(session),
            credentials,
            settings.aws_region,
            endpoint=URL(str(endpoint)) if endpoint else None,
            # A limit in the past means one attempt: retries are made in `Dynamo.call`, which knows
            # what it repeats.
            throttle_config=StaticDelayRetry(time_limit_secs=-1, delay=0),
        )
        yield Dynamo(client)


def _translate(exc: Exception, operation: str) -> DynamoError | None:
    """Return our error for one of the transport's, or None for an exception that is not about the
    call."""
    match exc:
        case transport_errors.ConditionalCheckFailed():
            item = _details(exc).get("Item")
            return ConditionFailedError(decode_item(item) if item else None)
        case transport_errors.TransactionCanceled():
            return _cancelled(exc.body["CancellationReasons"], operation)
        case transport_errors.UnknownError() if b'"CancellationReasons"' in exc.body:
            # The transport expects a message with every reason; DynamoDB does not promise one.
            return _cancelled(json.loads(exc.body)["CancellationReasons"], operation)
        case transport_errors.TransactionConflict():
            return ConflictError(f"{operation}: a transaction is changing the item")
        case transport_errors.TableNotFound():
            return TableMissingError(f"{operation}: the table does not exist")
        case transport_errors.ResourceInUse():
            return TableExistsError(f"{operation}: the table exists already")
        case _ if isinstance(exc, _THROTTLED):
            return ThrottledError(f"{operation}: DynamoDB asks to slow down")
        case _ if isinstance(exc, _UNAVAILABLE):
            return UnavailableError(f"{operation}: no answer from DynamoDB ({type(exc).__name__})")
        case transport_errors.UnknownError() if exc.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return UnavailableError(f"{operation}: no answer from DynamoDB ({exc.status})")
        case transport_errors.AIODynamoError():
            return RequestRefusedError(
                f"{operation}: {type(exc).__name__}: {_details(exc).get('Message', '')}"
            )
        case _:
            return None


def _cancelled(reasons: Sequence[Mapping[str, Any]], operation: str) -> DynamoError:
    """Return why a transaction was cancelled; a failed condition outweighs what else happened."""
    codes = {reason["Code"] for reason in reasons}
    if CONDITION_FAILED not in codes:
        if "TransactionConflict" in codes:
            return ConflictError(f"{operation}: another transaction is changing the same items")
        if codes & {"ThrottlingError", "ProvisionedThroughputExceeded"}:
            return ThrottledError(f"{operation}: DynamoDB asks to slow down")
    return TransactionCancelledError(
        [
            None
            if reason["Code"] == "None"
            else CancellationReason(
                code=reason["Code"],
                item=decode_item(reason["Item"]) if reason.get("Item") else None,
            )
            for reason in reasons
        ]
    )


def _details(exc: Exception) -> Mapping[str, Any]:
    """Return the decoded answer that the transport's error carries, if it does."""
    details = exc.args[0] if exc.args else None
    return details if isinstance(details, dict) else {}
