"""Two kinds of load.

In an open one, orders become due at a fixed rate, whether or not earlier ones were answered.
A latency is the time from the moment that an order was due to the end of its answer. What a slow
service keeps waiting therefore counts in full, as it would for customers, who do not know of each
other (the mistake of leaving it out is called coordinated omission).

In a closed one, a number of clients order again as soon as they were answered, so that the service
always has something to do.
"""

import asyncio
import itertools
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import aiohttp

ANSWER_SECONDS = 10
_KEPT_PROBLEMS = 5


@dataclass(frozen=True, slots=True)
class Orders:
    """What is ordered: one unit of each of `lines` SKUs, taken from `skus` in turn."""

    skus: Sequence[str]
    lines: int

    def __post_init__(self) -> None:
        """Refuse lines that would name a SKU twice."""
        if not 1 <= self.lines <= len(self.skus):
            raise ValueError(f"{self.lines} lines need as many SKUs; there are {len(self.skus)}")

    def body(self, number: int) -> dict[str, Any]:
        """Return the body of the order `number`."""
        first = number * self.lines
        skus = (self.skus[(first + line) % len(self.skus)] for line in range(self.lines))
        return {
            "customer_id": f"customer-{number % 1000}",
            "lines": [{"sku": sku, "quantity": 1} for sku in skus],
        }


@dataclass
class Answers:
    """What became of the orders of one load."""

    seconds: float
    """From the load's begin to the last answer."""
    latencies_ms: list[float] = field(default_factory=list)
    """Of the confirmed orders, from due time (closed load: sending) to answer."""
    lateness_ms: list[float] = field(default_factory=list)
    """How long after its due time each order was sent: the error of the load generator."""
    errors: int = 0
    problems: list[str] = field(default_factory=list)
    """The first errors, in words."""


def due_times(rate: float, seconds: float) -> list[float]:
    """Return when orders are due, in seconds from the start: `rate` a second, evenly spaced."""
    return [number / rate for number in range(round(rate * seconds))]


class Load:
    """Places orders at one service; numbers go on from load to load, so that SKUs take turns."""

    def __init__(self, url: str, orders: Orders) -> None:
        self._url = f"{url}/v1/orders"
        self._orders = orders
        self._numbers = itertools.count()

    async def run(self, rate: float, seconds: float) -> Answers:
        """Place `rate` orders a second for `seconds`, and wait for all answers."""
        answers = Answers(seconds=0)
        async with _session() as session, asyncio.TaskGroup() as group:
            started = time.perf_counter()
            for due in due_times(rate, seconds):
                await asyncio.sleep(started + due - time.perf_counter())
                group.create_task(self._place(session, started + due, answers))
        answers.seconds = time.perf_counter() - started
        return answers

    async def run_closed(self, clients: int, seconds: float) -> Answers:
        """Let `clients` place orders for `seconds`, each the next one once the last is answered.

        This finds out how many orders a service takes. The latencies, from sending to the answer,
        say little: they follow from the number of clients.
        """
        answers = Answers(seconds=0)
        async with _session() as session:
            started = time.perf_counter()

            async def client() -> None:
                while (now := time.perf_counter()) < started + seconds:
                    await self._place(session, now, answers)

            async with asyncio.TaskGroup() as group:
                for _ in range(clients):
                    group.create_task(client())
            answers.seconds = time.perf_counter() - started
        return answers

    async def _place(self, session: aiohttp.ClientSession, due: float, answers: Answers) -> None:
        body = self._orders.body(next(self._numbers))
        headers = {"Idempotency-Key": secrets.token_hex(16)}
        answers.lateness_ms.append((time.perf_counter() - due) * 1000)
        try:
            async with session.post(self._url, json=body, headers=headers) as answer:
                text = await answer.text()
                confirmed = (
                    answer.status == HTTPStatus.CREATED
                    and (await answer.json())["status"] == "CONFIRMED"
                )
                problem = "" if confirmed else f"{answer.status} {text}"
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            problem = f"{type(error).__name__} {error}"
        if problem:
            answers.errors += 1
            if len(answers.problems) < _KEPT_PROBLEMS:
                answers.problems.append(problem)
        else:
            answers.latencies_ms.append((time.perf_counter() - due) * 1000)


def _session() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        # Without a limit of connections: orders must not wait for each other here.
        connector=aiohttp.TCPConnector(limit=0),
        timeout=aiohttp.ClientTimeout(total=ANSWER_SECONDS),
    )
