"""order_api's view of order_processor, over HTTP."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Literal

import orjson
from pydantic import TypeAdapter, ValidationError

from libs.contracts.lines import Line
from libs.contracts.orders import Rejection
from libs.dynamo import Backoff
from libs.http_client import HttpClient, HttpError
from libs.service_kit import (
    DEADLINE_HEADER,
    REQUEST_ID_HEADER,
    CircuitBreaker,
    CircuitOpenError,
    client_span,
    current_request_id,
    remaining_seconds,
    trace_headers,
)
from services.order_api.settings import Settings

_BACKOFF = Backoff(attempts=4, base_seconds=0.05, cap_seconds=0.5)
_CONNECTIONS = 100
_FAILURES_THAT_OPEN = 10
_OPEN_SECONDS = 2.0
_SECONDS_TO_RECORD = 0.5
"""Kept back of a request's time, to write down what order_processor decided."""
_URN = "urn:granary:problem:"
_REFUSALS: dict[str, Rejection] = {
    _URN + "insufficient-stock": "insufficient-stock",
    _URN + "unknown-sku": "unknown-sku",
}
_CONTENTION = _URN + "contention"


class ProcessorUnavailableError(Exception):
    """order_processor gave no decision in time; it may still make one."""


class UnexpectedAnswerError(ProcessorUnavailableError):
    """order_processor answered what it should not; asking again will hardly help."""


@dataclass(frozen=True, slots=True)
class StockState:
    """Where the stock of an order is, as order_processor tells it."""

    status: Literal["HELD", "REFUSED", "RELEASED", "SOLD"]
    expires_at: str = ""
    """When HELD stock returns by itself, as ISO 8601."""
    refusal: Rejection | None = None
    refused_sku: str | None = None
    release_reason: Literal["cancelled", "expired"] | None = None


_STATE = TypeAdapter(StockState)


class Processor:
    """Client of order_processor. Every call is idempotent there, so all are repeated here.

    Calls raise ProcessorUnavailableError when order_processor gives no decision in time.
    """

    def __init__(
        self, client: HttpClient, *, circuit: CircuitBreaker, timeout_seconds: float
    ) -> None:
        self._client = client
        self._circuit = circuit
        self._timeout_seconds = timeout_seconds

    async def reserve(self, order_id: str, lines: Sequence[Line]) -> StockState:
        """Ask for the stock of an order: HELD, REFUSED, or what became of it since."""
        wanted = {"order_id": order_id, "lines": [line.model_dump() for line in lines]}
        return _state(*await self._call("POST", "/v1/reservations", orjson.dumps(wanted)))

    async def release(self, order_id: str) -> StockState:
        """Return the stock of an order: RELEASED, or SOLD when that came first."""
        return _state(*await self._call("DELETE", f"/v1/reservations/{order_id}"))

    async def sell(self, order_id: str) -> StockState:
        """Let the stock of an order go: SOLD, or RELEASED when that came first."""
        return _state(*await self._call("POST", f"/v1/reservations/{order_id}/sale"))

    async def look(self, order_id: str) -> StockState:
        """Ask where the stock of an order is."""
        return _state(*await self._call("GET", f"/v1/reservations/{order_id}"))

    async def probe(self) -> None:
        """Raise unless the processor's process answers."""
        response = await self._client.request("GET", "/health", repeatable=True)
        if response.status != HTTPStatus.OK:
            raise ProcessorUnavailableError(f"/health answers {response.status}")

    async def _call(self, method: str, path: str, body: bytes = b"") -> tuple[int, dict[str, Any]]:
        """Return the status and the document of the first answer below 500.

        Attempts go on within the setting's time-out, and within what the request that this is for
        has left.
        """
        loop = asyncio.get_running_loop()
        left = remaining_seconds()
        budget = self._timeout_seconds
        if left is not None:
            budget = min(budget, left - _SECONDS_TO_RECORD)
        end = loop.time() + budget
        problem = "no answer"
        with client_span("order_processor", method=method, path=path):
            for wait in (*_BACKOFF.waits(), None):
                seconds = end - loop.time()
                if seconds <= 0:
                    break
                try:
                    status, answer = await self._attempt(method, path, body, seconds)
                except CircuitOpenError as exc:
                    # The others' failures say enough; waiting for the next trial helps nobody.
                    raise ProcessorUnavailableError(str(exc)) from exc
                except (HttpError, ValueError) as exc:
                    problem = f"{type(exc).__name__}: {exc}"
                else:
                    if status < HTTPStatus.INTERNAL_SERVER_ERROR:
                        return status, answer
                    problem = f"{status} {answer.get('type')}"
                if wait is not None:
                    await asyncio.sleep(min(wait, max(0.0, end - loop.time())))
        raise ProcessorUnavailableError(f"{problem} within {budget:g} s")

    async def _attempt(
        self, method: str, path: str, body: bytes, seconds: float
    ) -> tuple[int, dict[str, Any]]:
        headers = {
            REQUEST_ID_HEADER: current_request_id() or "",
            DEADLINE_HEADER: str(max(1, round(seconds * 1000))),
            **trace_headers(),
        }
        if body:
            headers["Content-Type"] = "application/json"
        with self._circuit.attempt() as attempt:
            response = await self._client.request(
                method, path, headers=headers, body=body, timeout_seconds=seconds, repeatable=True
            )
            document = orjson.loads(response.body)
            if not isinstance(document, dict):
                raise ValueError("the answer is not a JSON object")  # noqa: TRY004 - a bad answer
            # Stock that many orders want is no sign of a processor in trouble.
            if (
                response.status >= HTTPStatus.INTERNAL_SERVER_ERROR
                and document.get("type") != _CONTENTION
            ):
                attempt.fail()
        return response.status, document


def _state(status: int, answer: dict[str, Any]) -> StockState:
    """Return what an answer says about the stock. Raise UnexpectedAnswerError."""
    kind = str(answer.get("type"))
    try:
        if status in (HTTPStatus.OK, HTTPStatus.CREATED):
            return _STATE.validate_python(answer)
        if kind in _REFUSALS:
            return StockState("REFUSED", refusal=_REFUSALS[kind], refused_sku=str(answer["sku"]))
        if kind == _URN + "reservation-released":
            return _STATE.validate_python({**answer, "status": "RELEASED"})
        if kind == _URN + "reservation-sold":
            return StockState("SOLD")
    except (ValidationError, KeyError) as exc:
        raise UnexpectedAnswerError(f"unreadable answer {status} {kind}") from exc
    raise UnexpectedAnswerError(f"unexpected answer {status} {kind}")


@asynccontextmanager
async def open_processor(
    settings: Settings, *, circuit: CircuitBreaker
) -> AsyncIterator[Processor]:
    """Open the connection pool; leaving the context closes it. No request is made yet."""
    async with HttpClient(
        str(settings.order_processor_url),
        timeout_seconds=settings.processor_timeout_seconds,
        max_connections=_CONNECTIONS,
    ) as client:
        yield Processor(client, circuit=circuit, timeout_seconds=settings.processor_timeout_seconds)
