"""Place orders, a bounded number at a time, repeat some of them, and see each to its end."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Literal

import aiohttp

from tools.dev.client import ATTEMPT_SECONDS, Answer, Client, NoAnswerError, Order

REJECTIONS = ("insufficient-stock", "unknown-sku", "reservation-expired")
SHIPPED_SHARE = 0.3
CANCELLED_SHARE = 0.05
SEED = 1

type Status = Literal["confirmed", "shipped", "cancelled", "rejected", "pending", "failed"]
type Repeat = Literal["", "at once", "after"]
type Closing = Literal["", "ship", "cancel"]

STATES: dict[str, Status] = {
    "CONFIRMED": "confirmed",
    "SHIPPED": "shipped",
    "CANCELLED": "cancelled",
    "REJECTED": "rejected",
    "PENDING": "pending",
}


@dataclass(frozen=True)
class Plan:
    """What is to be done with one order."""

    repeat: Repeat = ""
    """Whether it is sent a second time, together with the first or after its answer."""
    closing: Closing = ""
    """What is done when it is confirmed."""


@dataclass
class Outcome:
    """What became of one order."""

    order: Order
    key: str
    plan: Plan = Plan()
    status: Status = "failed"
    reason: str = ""
    """Why it was rejected or failed; "" for the others."""
    seconds: float = 0.0
    """From the first request to the first definite answer, as the customer sees it."""
    answered: float = 0.0
    """When that was, by time.perf_counter."""
    order_id: str = ""
    answers: Sequence[Answer] = ()
    """To the request and its repeat; all must be the same."""
    unanswered: Sequence[str] = ()
    """Why a request or its repeat got no answer."""
    settled_seconds: float | None = None
    """From the answer PENDING to the decision; None for orders that were decided at once."""

    @property
    def was_pending(self) -> bool:
        """Whether it was accepted without a decision."""
        return bool(self.answers) and _state(self.answers[0]) == "pending"

    @property
    def repeat_matched(self) -> bool:
        """Whether it was sent twice and got the same status and body both times, byte for byte."""
        if self.unanswered or len(self.answers) < 2:
            return False
        return len({(answer.status, answer.body) for answer in self.answers}) == 1


@dataclass
class Placed:
    """What became of all orders."""

    outcomes: list[Outcome] = field(default_factory=list)
    repeated: Counter[str] = field(default_factory=Counter)
    """Requests that were made again for want of a definite answer, by what they got."""
    seconds: float = 0.0
    """Until the last order had its answer."""


def plans(count: int, *, repeats: float, seed: int = SEED) -> list[Plan]:
    """Return a plan for each of `count` orders: the same ones for the same seed.

    Args:
        count: the number of orders.
        repeats: the share of orders that are sent twice: half of them at once, half afterwards.
        seed: of the choice.
    """
    dice = random.Random(seed)  # noqa: S311 - nothing secret is drawn
    repeated = dice.sample(range(count), round(count * repeats))
    at_once = set(repeated[::2])
    after = set(repeated[1::2])
    made = []
    for number in range(count):
        drawn = dice.random()
        closing: Closing = ""
        if drawn < SHIPPED_SHARE:
            closing = "ship"
        elif drawn < SHIPPED_SHARE + CANCELLED_SHARE:
            closing = "cancel"
        repeat: Repeat = "at once" if number in at_once else "after" if number in after else ""
        made.append(Plan(repeat, closing))
    return made


async def place_all(
    order_api: str,
    orders: Sequence[tuple[Order, Plan]],
    *,
    concurrency: int,
    placed: Callable[[int], None],
) -> Placed:
    """Place every order, follow it to its end, and return what became of them.

    Orders that wait for their decision hold up no other: they are followed by as many tasks as
    place orders.

    Args:
        order_api: the service's address.
        orders: request bodies, with what to do with each.
        concurrency: the most orders being placed at once.
        placed: is told the number of answered orders after each.
    """
    result = Placed()
    run = uuid.uuid4().hex
    waiting: Iterator[tuple[int, tuple[Order, Plan]]] = iter(enumerate(orders))
    followed: asyncio.Queue[Outcome] = asyncio.Queue()
    started = time.perf_counter()
    timeout = aiohttp.ClientTimeout(total=ATTEMPT_SECONDS)
    connector = aiohttp.TCPConnector(limit=0)  # bounded by the number of tasks
    async with aiohttp.ClientSession(order_api, timeout=timeout, connector=connector) as session:
        client = Client(session)

        async def place() -> None:
            for number, (order, plan) in waiting:
                # New for each run and the same for each repetition of an order.
                outcome = Outcome(order, f"demo-{run}-{number}", plan)
                await _place(client, outcome)
                result.outcomes.append(outcome)
                followed.put_nowait(outcome)
                placed(len(result.outcomes))

        async def follow() -> None:
            with contextlib.suppress(asyncio.QueueShutDown):
                while True:
                    await _follow(client, await followed.get())

        async with asyncio.TaskGroup() as followers:
            for _ in range(concurrency):
                followers.create_task(follow())
            async with asyncio.TaskGroup() as placers:
                for _ in range(concurrency):
                    placers.create_task(place())
            result.seconds = time.perf_counter() - started
            followed.shutdown()
    result.repeated = client.repeated
    return result


async def _place(client: Client, outcome: Outcome) -> None:
    """Send an order, and again if that is planned, and note the answers."""
    started = time.perf_counter()
    answers: list[Answer] = []
    unanswered: list[str] = []

    async def send() -> None:
        try:
            answers.append(await client.place(outcome.order, key=outcome.key))
        except NoAnswerError as error:
            unanswered.append(str(error))
        if not outcome.answered:
            outcome.answered = time.perf_counter()
            outcome.seconds = outcome.answered - started

    if outcome.plan.repeat == "at once":
        await asyncio.gather(send(), send())
    else:
        await send()
        if outcome.plan.repeat:
            await send()
    outcome.answers, outcome.unanswered = answers, unanswered
    if answers:
        _judge(outcome, answers[0])
    else:
        outcome.reason = unanswered[0]


async def _follow(client: Client, outcome: Outcome) -> None:
    """Wait for the decision of an order, then do what is planned with it."""
    doing = "wait"
    try:
        if outcome.status == "pending":
            _judge(outcome, await client.decided(outcome.order_id))
            outcome.settled_seconds = time.perf_counter() - outcome.answered
        doing = outcome.plan.closing
        if outcome.status == "confirmed" and doing:
            _judge(outcome, await client.close(outcome.order_id, doing))
    except NoAnswerError as error:
        # An order that waits is still known to wait; of one that was to be closed nothing is.
        if outcome.status != "pending":
            outcome.status = "failed"
        outcome.reason = f"{doing}: {error}"


def _judge(outcome: Outcome, answer: Answer) -> None:
    """Note what an answer says of an order."""
    outcome.order_id = outcome.order_id or answer.order_id
    outcome.status = _state(answer)
    outcome.reason = ""
    if outcome.status == "rejected":
        outcome.reason = answer.problem or str(answer.document.get("rejection"))
    elif outcome.status == "failed":
        outcome.reason = str(answer)


def _state(answer: Answer) -> Status:
    if answer.status in (HTTPStatus.OK, HTTPStatus.CREATED):
        return STATES.get(str(answer.document.get("status")), "failed")
    if answer.status == HTTPStatus.CONFLICT and answer.problem in REJECTIONS:
        return "rejected"
    return "failed"
