"""Errors as RFC 9457 problem details: the kinds that every service shares, and their rendering.

A service declares its own kinds as `ProblemKind` and raises `ProblemError`. The `type` URIs are
stable names, `urn:granary:problem:<slug>`; each service's README lists those that it answers with.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response

from libs.service_kit.request_ids import current_request_id

MEDIA_TYPE = "application/problem+json"
URN = "urn:granary:problem:"


@dataclass(frozen=True, slots=True)
class ProblemKind:
    """One kind of refusal: its stable name, its status and its short human title."""

    slug: str
    status: HTTPStatus
    title: str

    @property
    def uri(self) -> str:
        """The `type` member that clients compare."""
        return URN + self.slug


ROUTE_NOT_FOUND = ProblemKind("route-not-found", HTTPStatus.NOT_FOUND, "No such route")
METHOD_NOT_ALLOWED = ProblemKind(
    "method-not-allowed", HTTPStatus.METHOD_NOT_ALLOWED, "The route does not take this method"
)
REQUEST_TOO_SLOW = ProblemKind(
    "request-too-slow", HTTPStatus.REQUEST_TIMEOUT, "The request's body arrived too slowly"
)
BODY_TOO_LARGE = ProblemKind(
    "body-too-large", HTTPStatus.CONTENT_TOO_LARGE, "The request's body is too large"
)
UNSUPPORTED_MEDIA_TYPE = ProblemKind(
    "unsupported-media-type", HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "The body must be JSON"
)
MALFORMED_BODY = ProblemKind("malformed-body", HTTPStatus.BAD_REQUEST, "The body is not JSON")
VALIDATION_FAILED = ProblemKind(
    "validation-failed", HTTPStatus.UNPROCESSABLE_CONTENT, "The request breaks its contract"
)
INTERNAL_ERROR = ProblemKind(
    "internal-error", HTTPStatus.INTERNAL_SERVER_ERROR, "The service failed"
)
NOT_READY = ProblemKind("not-ready", HTTPStatus.SERVICE_UNAVAILABLE, "The service is not ready")
TIMED_OUT = ProblemKind(
    "timed-out", HTTPStatus.SERVICE_UNAVAILABLE, "The request took longer than the service allows"
)
OVERLOADED = ProblemKind(
    "overloaded", HTTPStatus.SERVICE_UNAVAILABLE, "The service works on too many requests"
)
BAD_DEADLINE = ProblemKind(
    "bad-deadline", HTTPStatus.BAD_REQUEST, "The header of the caller's time-out is malformed"
)
BAD_FAILURE_SWITCH = ProblemKind(
    "bad-failure-switch", HTTPStatus.BAD_REQUEST, "The header of failure switches is malformed"
)
STORAGE_UNAVAILABLE = ProblemKind(
    "storage-unavailable", HTTPStatus.SERVICE_UNAVAILABLE, "The data store does not answer"
)


class ProblemError(Exception):
    """The request ends with a problem; `extensions` become further members of its body."""

    def __init__(
        self,
        kind: ProblemKind,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        **extensions: object,
    ) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.headers = dict(headers or {})
        self.extensions = extensions


def problem_body(kind: ProblemKind, detail: str, extensions: Mapping[str, object]) -> bytes:
    """Return the problem document as ASCII JSON, which also carries text that UTF-8 cannot."""
    document = {
        "type": kind.uri,
        "title": kind.title,
        "status": kind.status.value,
        "detail": detail,
        "request_id": current_request_id(),
        **extensions,
    }
    return json.dumps(document, separators=(",", ":")).encode("ascii")


def problem_response(error: ProblemError) -> Response:
    """Return the HTTP answer for `error`."""
    return Response(
        problem_body(error.kind, error.detail, error.extensions),
        status_code=error.kind.status.value,
        headers=error.headers,
        media_type=MEDIA_TYPE,
    )


async def answer_problem(_: Request, exc: Exception) -> Response:
    """Exception handler for `ProblemError`."""
    if not isinstance(exc, ProblemError):
        raise exc
    return problem_response(exc)
