"""What can go wrong with one call of an AWS service.

AwsError
├── ServiceError     the service answered with an error
└── NoAnswerError    there is no usable answer: connection, time-out, credentials
"""

from collections.abc import Mapping
from typing import Any


class AwsError(Exception):
    """Base of everything that `libs.aws` raises for a call."""


class ServiceError(AwsError):
    """The service answered with an error; below status 500 it did nothing."""

    def __init__(self, target: str, status: int, document: Mapping[str, Any]) -> None:
        kind = document.get("__type")
        # A shape is written as "namespace#Name" (Smithy, AWS JSON 1.0 protocol).
        self.code = kind.rpartition("#")[2] if isinstance(kind, str) else ""
        """The error's name without namespace; empty when the answer has none."""
        self.message = str(document.get("message") or document.get("Message") or "")
        self.status = status
        self.document = document
        """The whole answer; empty when it is no JSON object."""
        super().__init__(f"{target}: {status} {self.code}")


class NoAnswerError(AwsError):
    """The service gave no answer that can be read."""

    def __init__(self, message: str, *, sent: bool) -> None:
        super().__init__(message)
        self.sent = sent
        """Whether the service may have seen the request, and acted on it."""
