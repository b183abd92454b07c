"""DynamoDB's error answers as this package's errors.

Names are from the API reference, "Error handling with DynamoDB" and the errors of each operation.
"""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from libs.aws import NoAnswerError, ServiceError
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
from libs.dynamo.values import decode_item

_THROTTLED = {
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ThrottlingException",
    # The expired token is dropped by now, and the next attempt fetches a new one.
    "ExpiredToken",
    "ExpiredTokenException",
}
# Those that DynamoDB does not always send with a status of 500 or more.
_UNAVAILABLE = {"InternalServerError", "ServiceUnavailable", "TransactionInProgressException"}


def refusal(error: NoAnswerError | ServiceError, operation: str) -> DynamoError:
    """Return what a failed attempt of `operation` means."""
    if isinstance(error, NoAnswerError):
        return UnavailableError(f"{operation}: no answer from DynamoDB ({error})")
    code, document = error.code, error.document
    if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR or code in _UNAVAILABLE:
        return UnavailableError(f"{operation}: no answer from DynamoDB ({error.status} {code})")
    if code in _THROTTLED:
        return ThrottledError(f"{operation}: DynamoDB asks to slow down")
    match code:
        case "ConditionalCheckFailedException":
            item = document.get("Item")
            return ConditionFailedError(decode_item(item) if item else None)
        case "TransactionCanceledException" if "CancellationReasons" in document:
            return _cancelled(document["CancellationReasons"], operation)
        case "TransactionConflictException":
            return ConflictError(f"{operation}: a transaction is changing the item")
        case "ResourceNotFoundException":
            return TableMissingError(f"{operation}: the table does not exist")
        case "ResourceInUseException":
            return TableExistsError(f"{operation}: the table exists already")
        case _:
            what = code or f"status {error.status}"
            return RequestRefusedError(f"{operation}: {what}: {error.message}")


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
