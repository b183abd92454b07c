"""The OpenAPI description: FastAPI's, with refusals as they are sent, and the links between routes.

FastAPI describes a 422 of its own form on each route and no other refusal. Here each route names
its own kinds with `refusals`, and those that any route may answer with are added.
"""

from typing import Any

from fastapi import FastAPI

from libs.service_kit.problems import (
    BAD_DEADLINE,
    BAD_FAILURE_SWITCH,
    BODY_TOO_LARGE,
    INTERNAL_ERROR,
    MALFORMED_BODY,
    MEDIA_TYPE,
    OVERLOADED,
    REQUEST_TOO_SLOW,
    STORAGE_UNAVAILABLE,
    TIMED_OUT,
    UNSUPPORTED_MEDIA_TYPE,
    URN,
    VALIDATION_FAILED,
    ProblemKind,
)

_FRAMEWORKS_OWN = ("HTTPValidationError", "ValidationError")

_OF_ANY_ROUTE = (
    BAD_DEADLINE,
    BAD_FAILURE_SWITCH,
    REQUEST_TOO_SLOW,
    BODY_TOO_LARGE,
    INTERNAL_ERROR,
    OVERLOADED,
    TIMED_OUT,
    STORAGE_UNAVAILABLE,
)
_OF_A_BODY = (MALFORMED_BODY, UNSUPPORTED_MEDIA_TYPE)

_PROBLEM: dict[str, Any] = {
    "title": "Problem",
    "description": "A refusal, as RFC 9457 has it; a kind may add members of its own.",
    "type": "object",
    "required": ["type", "title", "status", "detail", "request_id"],
    "properties": {
        "type": {"type": "string", "pattern": f"^{URN}[a-z-]+$"},
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string"},
        "request_id": {"type": ["string", "null"]},
        "errors": {
            "description": "Of `validation-failed`: what is wrong and where.",
            "type": "array",
            "items": {"type": "object"},
        },
    },
}


def refusals(*kinds: ProblemKind) -> dict[int | str, dict[str, Any]]:
    """Return a route's `responses`: the kinds of problem that are its own."""
    statuses = sorted({kind.status.value for kind in kinds})
    return {
        status: _refusal([kind for kind in kinds if kind.status.value == status])
        for status in statuses
    }


def answer(
    status: int,
    *,
    headers: dict[str, str] | None = None,
    links: dict[str, dict[str, str]] | None = None,
) -> dict[int | str, dict[str, Any]]:
    """Return a route's `responses`: what there is of a success beyond its body.

    `headers` are names with descriptions. `links` are the operations that can follow, by id, each
    with its parameters as runtime expressions of OpenAPI.
    """
    described = {
        "headers": {
            name: {"description": text, "required": True, "schema": {"type": "string"}}
            for name, text in (headers or {}).items()
        },
        "links": {
            operation: {"operationId": operation, "parameters": parameters}
            for operation, parameters in (links or {}).items()
        },
    }
    return {status: {name: members for name, members in described.items() if members}}


def describe_problems(app: FastAPI) -> None:
    """Make `app` describe its refusals as problems in /openapi.json."""
    frameworks = app.openapi

    def described() -> dict[str, Any]:
        if app.openapi_schema:
            return app.openapi_schema
        description = frameworks()
        for path in description["paths"].values():
            for operation in path.values():
                _complete(operation)
        schemas = description.setdefault("components", {}).setdefault("schemas", {})
        for name in _FRAMEWORKS_OWN:
            schemas.pop(name, None)
        schemas["Problem"] = _PROBLEM
        return description

    app.openapi = described  # type: ignore[method-assign]


def _complete(operation: dict[str, Any]) -> None:
    for parameter in operation.get("parameters", []):
        _forget_null(parameter)
    shared = [*_OF_ANY_ROUTE]
    if "requestBody" in operation:
        shared += _OF_A_BODY
    if "requestBody" in operation or "parameters" in operation:
        shared.append(VALIDATION_FAILED)
    responses = operation["responses"]
    if "application/json" in responses.get("422", {}).get("content", {}):
        del responses["422"]
    for status, refusal in refusals(*shared).items():
        own = responses.get(str(status))
        responses[str(status)] = _merged(own, refusal) if own else refusal
    operation["responses"] = dict(sorted(responses.items()))


def _refusal(kinds: list[ProblemKind]) -> dict[str, Any]:
    schema = {
        "$ref": "#/components/schemas/Problem",
        "properties": {
            "type": {"enum": [kind.uri for kind in kinds]},
            "status": {"const": kinds[0].status.value},
        },
    }
    return {
        "description": "; ".join(f"`{kind.slug}`: {kind.title}" for kind in kinds),
        "content": {MEDIA_TYPE: {"schema": schema}},
    }


def _merged(own: dict[str, Any], shared: dict[str, Any]) -> dict[str, Any]:
    """Return one description of the two refusals of a status."""
    schemas = [refusal["content"][MEDIA_TYPE]["schema"] for refusal in (own, shared)]
    types = [uri for schema in schemas for uri in schema["properties"]["type"]["enum"]]
    properties = schemas[0]["properties"] | {"type": {"enum": types}}
    return {
        "description": f"{own['description']}; {shared['description']}",
        "content": {MEDIA_TYPE: {"schema": schemas[0] | {"properties": properties}}},
    }


def _forget_null(parameter: dict[str, Any]) -> None:
    """Describe what a parameter may be when it is there: null is Python's word for its absence."""
    choices = parameter["schema"].pop("anyOf", None)
    if choices:
        (present,) = [choice for choice in choices if choice != {"type": "null"}]
        parameter["schema"] |= present
