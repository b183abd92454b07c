"""The OpenAPI description: FastAPI's, with refusals as they are sent.

FastAPI describes a 422 of its own form on each route and no other refusal. Every route here may
answer with problems of several kinds, and all have one form: OpenAPI's `default` response.
"""

from typing import Any

from fastapi import FastAPI

from libs.service_kit.problems import MEDIA_TYPE, URN

_FRAMEWORKS_OWN = ("HTTPValidationError", "ValidationError")

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

_REFUSAL = {
    "description": "The request is refused, or failed.",
    "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
}


def describe_problems(app: FastAPI) -> None:
    """Make `app` describe its refusals as problems in /openapi.json."""
    frameworks = app.openapi

    def described() -> dict[str, Any]:
        if app.openapi_schema:
            return app.openapi_schema
        description = frameworks()
        for path in description["paths"].values():
            for operation in path.values():
                operation["responses"].pop("422", None)
                operation["responses"]["default"] = _REFUSAL
        schemas = description.setdefault("components", {}).setdefault("schemas", {})
        for name in _FRAMEWORKS_OWN:
            schemas.pop(name, None)
        schemas["Problem"] = _PROBLEM
        return description

    app.openapi = described  # type: ignore[method-assign]
