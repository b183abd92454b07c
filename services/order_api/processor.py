"""order_api's view of order_processor, over HTTP."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import aiohttp

from libs.dynamo import Backoff
from libs.service_kit import REQUEST_ID_HEADER, current_request_id, get_logger
from services.order_api.models import Line, Rejection
from services.order_api.settings import Settings

log = get_logger(__name__)

_BACKOFF = Backoff(attempts=4, base_seconds=0.05, cap_seconds=0.5)
_CONNECTIONS = 100
_REFUSALS: dict[str, Rejection] = {
    "urn:granary:problem:insufficient-stock": "insufficient-stock",
    "urn:granary:problem:unknown-sku": "unknown-sku",
}


class ProcessorUnavailableError(Exception):
    """order_processor gave no decision in time; it may still make one."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The order got no stock, for good."""

    reason: Rejection
    sku: str


class Processor:
    """Client of order_processor. Every call is idempotent there, so all are repeated here."""

    def __init__(
        self, session: aiohttp.ClientSession, *, base_url: str, timeout_seconds: float
    ) -> None:
        self._session = session
        self._base_url = base_url
        self._timeout_seconds = timeout_seconds

    async def reserve(self, order_id: str, lines: Sequence[Line]) -> Refused | None:
        """Hold the stock of an order. Return None when it is held, else why it is not.

        Raise ProcessorUnavailableError when there is no decision.
        """
        wanted = {"order_id": order_id, "lines": [line.model_dump() for line in lines]}
        status, answer = await self._call("POST", "/v1/reservations", wanted)
        if status == HTTPStatus.CREATED:
            return None
        reason = _REFUSALS.get(str(answer.get("type")))
        if reason is None:
            raise ProcessorUnavailableError(f"unexpected answer {status} {answer.get('type')}")
        return Refused(reason, str(answer["sku"]))

    async def release(self, order_id: str) -> None:
        """Return the stock of an order. Raise ProcessorUnavailableError unless it is returned."""
        status, answer = await self._call("DELETE", f"/v1/reservations/{order_id}", None)
        if status != HTTPStatus.OK:
            raise ProcessorUnavailableError(f"unexpected answer {status} {answer.get('type')}")

    async def probe(self) -> None:
        """Raise unless the processor's process answers."""
        async with self._session.get(f"{self._base_url}/health") as response:
            response.raise_for_status()

    async def _call(self, method: str, path: str, body: object) -> tuple[int, dict[str, Any]]:
        """Return the status and the document of the first answer below 500, within the time-out."""
        problem = "no answer"
        try:
            async with asyncio.timeout(self._timeout_seconds):
                for wait in (*_BACKOFF.waits(), None):
                    try:
                        status, answer = await self._attempt(method, path, body)
                    except (aiohttp.ClientError, ValueError) as exc:
                        problem = type(exc).__name__
                    else:
                        if status < HTTPStatus.INTERNAL_SERVER_ERROR:
                            return status, answer
                        problem = f"{status} {answer.get('type')}"
                    if wait is not None:
                        await asyncio.sleep(wait)
        except TimeoutError:
            problem = f"{problem} within {self._timeout_seconds:g} s"
        log.warning("processor_unavailable", method=method, problem=problem)
        raise ProcessorUnavailableError(problem)

    async def _attempt(self, method: str, path: str, body: object) -> tuple[int, dict[str, Any]]:
        headers = {REQUEST_ID_HEADER: current_request_id() or ""}
        async with self._session.request(
            method, self._base_url + path, json=body, headers=headers
        ) as response:
            document = json.loads(await response.read())
            if not isinstance(document, dict):
                raise ValueError("the answer is not a JSON object")  # noqa: TRY004 - a bad answer
            return response.status, document


@asynccontextmanager
async def open_processor(settings: Settings) -> AsyncIterator[Processor]:
    """Open the connection pool; leaving the context closes it. No request is made yet."""
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=_CONNECTIONS),
        cookie_jar=aiohttp.DummyCookieJar(),
    ) as session:
        yield Processor(
            session,
            base_url=str(settings.order_processor_url).rstrip("/"),
            timeout_seconds=settings.processor_timeout_seconds,
        )
