"""How tests ask an application in-process, and what every problem has."""

from typing import Any

import httpx
from fastapi import FastAPI

from libs.service_kit import setup_logging


def client_of(app: FastAPI) -> httpx.AsyncClient:
    """Return a client of `app`, whose logs are those of a service."""
    setup_logging(service="sample")
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://sample")


def problem_of(response: httpx.Response, status: int, kind: str) -> dict[str, Any]:
    """Return the problem document of `response`, which has to be of this kind."""
    assert response.headers["content-type"] == "application/problem+json", response.text
    document: dict[str, Any] = response.json()
    assert document["type"] == f"urn:granary:problem:{kind}"
    assert response.status_code == status
    assert document["status"] == status
    assert document["request_id"] == response.headers["x-request-id"]
    return document
