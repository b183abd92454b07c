"""Ask services over HTTP as a patient client does: repeat what got no definite answer."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import aiohttp

PATIENCE_SECONDS = 60.0
"""How long a request is repeated before it counts as unanswered."""
ATTEMPT_SECONDS = 30
FIRST_WAIT_SECONDS = 0.1
LONGEST_WAIT_SECONDS = 3.0
POLL_SECONDS = 1.0
SETTLE_SECONDS = 90.0
"""How long an order may be PENDING before its client gives up."""
PROBLEM_PREFIX = "urn:granary:problem:"

type Order = dict[str, Any]


class NoAnswerError(Exception):
    """No definite answer came in time; the message names the last thing that did."""


@dataclass(frozen=True)
class Answer:
    """A definite answer, which a repeated request must get too."""

    status: int
    body: bytes
    location: str = ""

    @property
    def document(self) -> dict[str, Any]:
        """The body as JSON; empty when it is not a JSON object."""
        with contextlib.suppress(ValueError):
            document = json.loads(self.body)
            if isinstance(document, dict):
                return document
        return {}

    @property
    def problem(self) -> str:
        """The kind of problem that it tells of; "" when it is none of Granary's."""
        kind = str(self.document.get("type", ""))
        return kind.removeprefix(PROBLEM_PREFIX) if kind.startswith(PROBLEM_PREFIX) else ""

    @property
    def order_id(self) -> str:
        """The order that it is about; "" when it does not say."""
        return str(self.document.get("order_id") or self.location.rpartition("/")[2])

    def __str__(self) -> str:
        """Return it in a few words."""
        said = self.problem or str(self.document.get("status", ""))
        return f"{self.status} {said}".strip()


class Client:
    """Makes requests until each has a definite answer.

    Any answer is definite except one that says to come back: one with Retry-After, above all
    `request-in-flight`, and every 5xx. A request that may have been carried out already is repeated
    too, so all of them must be idempotent.
    """

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session
        self.repeated: Counter[str] = Counter()
        """Requests made again, by what the last attempt got."""

    async def place(self, order: Order, *, key: str) -> Answer:
        """Place an order. Raise NoAnswerError."""
        return await self.post("/v1/orders", order, key=key)

    async def post(self, path: str, document: dict[str, Any], *, key: str = "") -> Answer:
        """Send a document; with a key unless a repetition does no harm. Raise NoAnswerError."""
        headers = {"Idempotency-Key": key} if key else {}
        return await self.send(path, json.dumps(document).encode(), "application/json", headers)

    async def send(
        self, path: str, body: bytes, content_type: str, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Send a body, whose repetition does no harm. Raise NoAnswerError."""
        return await self._ask(
            "POST", path, body, {**(headers or {}), "Content-Type": content_type}
        )

    async def close(self, order_id: str, how: str) -> Answer:
        """`ship` or `cancel` an order. Raise NoAnswerError."""
        return await self._ask("POST", f"/v1/orders/{order_id}/{how}")

    async def get(self, path: str) -> Answer:
        """Read something. Raise NoAnswerError."""
        return await self._ask("GET", path)

    async def decided(self, order_id: str) -> Answer:
        """Read an order until it is not PENDING any more. Raise NoAnswerError."""
        deadline = time.monotonic() + SETTLE_SECONDS
        while True:
            answer = await self.get(f"/v1/orders/{order_id}")
            if answer.document.get("status") != "PENDING":
                return answer
            if time.monotonic() > deadline:
                raise NoAnswerError(f"still PENDING after {SETTLE_SECONDS:g} s")
            await asyncio.sleep(_jittered(POLL_SECONDS))

    async def _ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        deadline = time.monotonic() + PATIENCE_SECONDS
        wait = FIRST_WAIT_SECONDS
        while True:
            asked_to_wait = 0.0
            try:
                async with self._session.request(
                    method, path, data=body, headers=headers
                ) as response:
                    answer = Answer(
                        response.status,
                        await response.read(),
                        response.headers.get("Location", ""),
                    )
                    again = response.headers.get("Retry-After", "")
                if not again and answer.status < HTTPStatus.INTERNAL_SERVER_ERROR:
                    return answer
                problem = str(answer)
                # The form with a date is not what Granary sends.
                asked_to_wait = float(again) if again.isdecimal() else 0.0
            except (aiohttp.ClientError, TimeoutError) as error:
                problem = type(error).__name__
            pause = asked_to_wait + _jittered(wait)
            if time.monotonic() + pause > deadline:
                raise NoAnswerError(problem)
            self.repeated[problem] += 1
            await asyncio.sleep(pause)
            wait = min(2 * wait, LONGEST_WAIT_SECONDS)


def _jittered(seconds: float) -> float:
    """Return about as much: clients that failed together must not come back together."""
    return seconds * random.uniform(0.5, 1.0)  # noqa: S311 - nothing secret is drawn
