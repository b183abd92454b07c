"""What tests of services ask of every refusal."""

from typing import Any

import httpx


def problem(response: httpx.Response) -> dict[str, Any]:
    """Return the problem document of a refusal, after checking its form; `kind` is its type's."""
    assert response.headers["content-type"] == "application/problem+json", response.text  # noqa: S101
    document: dict[str, Any] = response.json()
    assert document["status"] == response.status_code  # noqa: S101
    assert document["request_id"] == response.headers["x-request-id"]  # noqa: S101
    assert document["title"]  # noqa: S101
    assert document["detail"]  # noqa: S101
    document["kind"] = document["type"].removeprefix("urn:granary:problem:")
    return document
