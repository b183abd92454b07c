"""Place orders over HTTP, a bounded number at a time, as a patient client does."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Literal

import aiohttp

ATTEMPTS = 5
WAIT_SECONDS = 0.5
TIMEOUT_SECONDS = 30
PROBLEM_PREFIX = "urn:granary:problem:"
REJECTIONS = ("insufficient-stock", "unknown-sku")

type Status = Literal["confirmed", "rejected", "pending", "failed"]
type Order = dict[str, Any]


@dataclass(frozen=True)
class Outcome:
    """What became of one order."""

    order: Order
    status: Status
    reason: str
    """Why it was rejected or failed; "" for the others."""
    seconds: float
    """From the first request to the last answer, as the customer sees it."""


async def place_all(
    order_api: str, orders: Sequence[Order], *, concurrency: int, placed: Callable[[int], None]
) -> list[Outcome]:
    """Place every order once and return the outcomes.

    Args:
        order_api: the service's address.
        orders: request bodies.
        concurrency: the most orders under way at once.
        placed: is told the number of finished orders after each.
    """
    outcomes: list[Outcome] = []
    run = uuid.uuid4().hex
    waiting: Iterator[tuple[int, Order]] = iter(enumerate(orders))
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_SECONDS)
    connector = aiohttp.TCPConnector(limit=concurrency)
    async with aiohttp.ClientSession(order_api, timeout=timeout, connector=connector) as session:

        async def worker() -> None:
            for number, order in waiting:
                # New for each run and the same for each repetition of an order.
                outcomes.append(await _place(session, order, key=f"demo-{run}-{number}"))
                placed(len(outcomes))

        async with asyncio.TaskGroup() as workers:
            for _ in range(concurrency):
                workers.create_task(worker())
    return outcomes


async def _place(session: aiohttp.ClientSession, order: Order, *, key: str) -> Outcome:
    """Place an order; repeat it under the same key while it is undecided."""
    started = time.perf_counter()
    status: Status = "failed"
    reason = ""
    for attempt in range(ATTEMPTS):
        if attempt:
            await asyncio.sleep(WAIT_SECONDS * attempt)
        try:
            async with session.post(
                "/v1/orders", json=order, headers={"Idempotency-Key": key}
            ) as answer:
                status, reason = _judge(answer.status, await answer.json(content_type=None))
                final = answer.status < HTTPStatus.INTERNAL_SERVER_ERROR
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            status, reason, final = "failed", type(error).__name__, False
        if final and status != "pending":
            break
    return Outcome(order, status, reason, time.perf_counter() - started)


def _judge(code: int, body: dict[str, Any]) -> tuple[Status, str]:
    """Return what an answer means, and the reason that it gives."""
    if code == HTTPStatus.CREATED:
        state = body.get("status")
        if state == "CONFIRMED":
            return "confirmed", ""
        if state == "PENDING":
            return "pending", ""
        return "failed", f"unexpected status {state}"
    problem = str(body.get("type", "")).removeprefix(PROBLEM_PREFIX)
    if problem in REJECTIONS:
        return "rejected", problem
    return "failed", f"{code} {problem}".strip()
