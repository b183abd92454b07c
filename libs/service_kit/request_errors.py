"""The framework's own refusals (routing, parsing, validation) as problem details."""

from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match

from libs.service_kit.problems import (
    MALFORMED_BODY,
    METHOD_NOT_ALLOWED,
    ROUTE_NOT_FOUND,
    UNSUPPORTED_MEDIA_TYPE,
    VALIDATION_FAILED,
    ProblemError,
    ProblemKind,
    problem_response,
)

_METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
_MOST_ERRORS = 20
"""Errors listed at most, so that a hostile body does not make a huge answer."""


async def require_json(request: Request) -> None:
    """Dependency of every route with a body: refuse what is not declared as JSON."""
    declared = request.headers.get("content-type", "")
    if declared.partition(";")[0].strip().lower() != "application/json":
        raise ProblemError(
            UNSUPPORTED_MEDIA_TYPE, "send the body with the header Content-Type: application/json"
        )


async def answer_http_exception(request: Request, exc: Exception) -> Response:
    """Exception handler for what routing and body parsing refuse."""
    if not isinstance(exc, HTTPException):
        raise exc
    headers = exc.headers
    match exc.status_code:
        case HTTPStatus.NOT_FOUND:
            kind, detail = ROUTE_NOT_FOUND, "see /openapi.json for the routes of this service"
        case HTTPStatus.METHOD_NOT_ALLOWED:
            kind, detail = METHOD_NOT_ALLOWED, "see the Allow header for the methods that it takes"
            headers = {"Allow": ", ".join(_allowed_methods(request))}
        case HTTPStatus.BAD_REQUEST:
            kind, detail = MALFORMED_BODY, "the body could not be parsed as JSON"
        case code:
            status = HTTPStatus(code)
            kind = ProblemKind(f"http-{code}", status, status.phrase)
            detail = str(exc.detail)
    return problem_response(ProblemError(kind, detail, headers=headers))


def _allowed_methods(request: Request) -> list[str]:
    """Return what the path takes; the framework names the methods of its first route only."""
    return [
        method
        for method in _METHODS
        if any(
            route.matches({**request.scope, "method": method})[0] is Match.FULL
            for route in request.app.router.routes
        )
    ]


async def answer_validation_error(_: Request, exc: Exception) -> Response:
    """Exception handler for requests that break the contract; values sent are never echoed."""
    if not isinstance(exc, RequestValidationError):
        raise exc
    errors: Sequence[Mapping[str, Any]] = exc.errors()
    # A parameter may hold JSON, too; what is wrong with it says nothing of the body.
    if errors and errors[0]["type"] == "json_invalid" and errors[0]["loc"][0] == "body":
        position = errors[0]["loc"][-1]
        detail = f"the body is not JSON: {errors[0]['ctx']['error']} at character {position}"
        return problem_response(ProblemError(MALFORMED_BODY, detail))
    listed = [_describe(error, exc.body) for error in errors[:_MOST_ERRORS]]
    first = listed[0]
    place = first.get("pointer") or f"{first['in']} {first['parameter']}"
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return problem_response(
        ProblemError(VALIDATION_FAILED, f"{place}: {first['detail']}{more}", errors=listed)
    )


def _describe(error: Mapping[str, Any], body: Any) -> dict[str, str]:
    """Return one validation error as RFC 9457 shows it: what is wrong, and a pointer to where."""
    place, *path = error["loc"]
    message = str(error["msg"]).removeprefix("Value error, ")
    if place == "body":
        steps = _steps_in(body, path, lacks_last=error["type"] == "missing")
        return {"detail": message, "pointer": "#" + "".join(f"/{_escape(step)}" for step in steps)}
    return {"detail": message, "in": str(place), "parameter": "/".join(str(step) for step in path)}


def _steps_in(body: Any, path: Sequence[str | int], *, lacks_last: bool) -> Iterator[str | int]:
    """Yield the steps of Pydantic's path that lead through the body.

    Between them Pydantic names the members of unions that it looked at, which are no places.
    """
    for number, step in enumerate(path, start=1):
        if _has(body, step):
            body = body[step]
        elif not (lacks_last and number == len(path)):
            continue
        yield step


def _has(value: Any, step: str | int) -> bool:
    if isinstance(value, list):
        return isinstance(step, int) and step < len(value)
    return isinstance(value, Mapping) and step in value


def _escape(step: object) -> str:
    """Return a JSON pointer token (RFC 6901), percent-encoded for use in a URI fragment."""
    token = str(step).replace("~", "~0").replace("/", "~1")
    return quote(token, safe="~!$&'()*+,;=:@", errors="replace")
