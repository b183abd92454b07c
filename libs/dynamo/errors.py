"""What can go wrong between a service and DynamoDB, as few and plain kinds.

DynamoError
├── ConditionFailedError        one write's condition did not hold
├── TransactionCancelledError   a transaction was cancelled, with a reason per action
├── ConflictError               other transactions kept changing the same items, also after retries
├── TableMissingError           the table does not exist (yet)
├── TableExistsError            the table to create is already there
├── ThrottledError              DynamoDB asked to slow down, also after our retries
├── UnavailableError            no answer, connection or credentials, or a 5xx, also after retries
└── RequestRefusedError         the request is invalid or forbidden: a bug or a missing right
"""

from collections.abc import Sequence
from dataclasses import dataclass

from libs.dynamo.values import Item

CONDITION_FAILED = "ConditionalCheckFailed"


class DynamoError(Exception):
    """Base of everything that `libs.dynamo` raises for a call."""


class ConditionFailedError(DynamoError):
    """The condition of a single write did not hold; nothing was written."""

    def __init__(self, item: Item | None) -> None:
        super().__init__("the write's condition did not hold")
        self.item = item
        """The item as it stands, or None when there is none."""


@dataclass(frozen=True, slots=True)
class CancellationReason:
    """Why one action made its transaction fail."""

    code: str
    item: Item | None
    """The item as it stood when the condition failed, or None when there is none."""


class TransactionCancelledError(DynamoError):
    """A transaction was cancelled; nothing was written.

    `reasons` has one entry an action, in the order of the actions; None for an action that is not
    to blame.
    """

    def __init__(self, reasons: Sequence[CancellationReason | None]) -> None:
        codes = ", ".join(sorted({reason.code for reason in reasons if reason}))
        super().__init__(f"the transaction was cancelled: {codes}")
        self.reasons = tuple(reasons)

    def failed_condition(self, position: int) -> CancellationReason | None:
        """Return the reason of the action at `position` when its condition failed, else None."""
        reason = self.reasons[position]
        return reason if reason and reason.code == CONDITION_FAILED else None


class ConflictError(DynamoError):
    """Other transactions kept changing the same items through our retries; nothing was written."""


class TableMissingError(DynamoError):
    """The table of the call does not exist."""


class TableExistsError(DynamoError):
    """The table to create exists already."""


class ThrottledError(DynamoError):
    """DynamoDB asked to slow down and went on asking through our retries; nothing was written."""


class UnavailableError(DynamoError):
    """DynamoDB gave no usable answer; a write may or may not have happened."""


class RequestRefusedError(DynamoError):
    """DynamoDB refused the request as invalid or not allowed; nothing was written."""
