"""Clients of both services, who want the same few things, repeat themselves, and write down all."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from random import Random
from typing import Any

import aiohttp

from services.tests.faults.checkers.facts import IN_FLIGHT, decided
from services.tests.faults.history import Fail, History, Kind, Ok, Operation, Unknown

_TIMEOUT_SECONDS = 8.0
_ATTEMPTS = 6
_MEAN_PAUSE_SECONDS = 1.5
_LONGEST_MEAN_PAUSE_SECONDS = 9.0
_MEAN_RETRY_SECONDS = 0.3
_REPEATED = 0.1
_ORDERS_OF_A_CUSTOMER = 5
_LONGEST_UNTIL_REPEAT_SECONDS = 5.0
_REPEATS_AT_THE_END = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """A request for an order, to be made once or more often."""

    key: str
    body: Mapping[str, Any]


class Recorder:
    """Makes requests and appends each to the history, answered or not."""

    def __init__(self, session: aiohttp.ClientSession, history: History) -> None:
        self._session = session
        self._history = history
        self._number = 0

    async def request(
        self,
        kind: Kind,
        server: str,
        path: str,
        *,
        client: str,
        subject: str = "",
        placement: Placement | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> Operation:
        """Make one request and return what came of it. Nothing that happens to it is raised."""
        method = {"place": "POST", "cancel": "POST", "ship": "POST", "put_stock": "PUT"}
        if placement:
            body = placement.body
        self._number += 1
        number = self._number
        invoked_at = time.monotonic()
        outcome: Ok | Fail | Unknown = Unknown("the run ended")
        try:
            async with self._session.request(
                method.get(kind, "GET"),
                server + path,
                json=body,
                headers={"Idempotency-Key": placement.key} if placement else None,
            ) as response:
                text = await response.text()
                answered = Ok if response.ok else Fail
                outcome = answered(response.status, text)
        except (aiohttp.ClientError, TimeoutError, OSError) as exc:
            outcome = Unknown(type(exc).__name__)
        finally:
            operation = Operation(
                number=number,
                client=client,
                server=server,
                kind=kind,
                subject=subject,
                key=placement.key if placement else None,
                body=body,
                invoked_at=invoked_at,
                completed_at=time.monotonic(),
                outcome=outcome,
            )
            self._history.append(operation)
        return operation


@dataclass
class Crowd:
    """All clients of a run, and what they know of each other's orders."""

    recorder: Recorder
    order_apis: Sequence[str]
    order_processor: str
    skus: Sequence[str]
    seed: int
    retries: int = 0
    accepted: set[str] = field(default_factory=set)
    """Ids of the orders that were answered with 201."""
    rejected: int = 0
    """Answers that an order is rejected."""
    _known: list[str] = field(default_factory=list)
    """The accepted orders, by time; one that was repeated has several chances to be chosen."""
    _placed: list[Placement] = field(default_factory=list)

    async def stock_up(self, units: int) -> None:
        """Set the stock of every SKU."""
        for sku in self.skus:
            await self.recorder.request(
                "put_stock",
                self.order_processor,
                f"/v1/inventory/{sku}",
                client="owner",
                subject=sku,
                body={"on_hand": units},
            )

    async def shop(self, clients: int, until: Callable[[], bool]) -> None:
        """Have that many clients do what clients do, until then."""
        async with asyncio.TaskGroup() as group:
            for number in range(clients):
                group.create_task(_Client(self, number).live(until))

    async def look_back(self) -> None:
        """Repeat some placements long after, and read some orders and all stock once more."""
        dice = Random(f"{self.seed}-end")
        client = "late"
        placed = dice.sample(self._placed, min(_REPEATS_AT_THE_END, len(self._placed)))
        for placement in placed:
            await self.place_once(placement, client, dice)
        for order_id in dice.sample(self._known, min(_REPEATS_AT_THE_END, len(self._known))):
            await self.read(order_id, client, dice)
        for sku in self.skus:
            await self.read_stock(sku, client)

    async def place_once(self, placement: Placement, client: str, dice: Random) -> Operation:
        """Send a placement to one of the instances."""
        server = dice.choice(self.order_apis)
        operation = await self.recorder.request(
            "place", server, "/v1/orders", client=client, placement=placement
        )
        if isinstance(operation.outcome, Ok):
            order_id = operation.document["order_id"]
            self.accepted.add(order_id)
            self._known.append(order_id)
        elif decided(operation):
            self.rejected += 1
        return operation

    async def place(self, placement: Placement, client: str, dice: Random) -> bool:
        """Send a placement until it is decided or the client loses patience; return whether no
        attempt met a service in trouble."""
        self._placed.append(placement)
        smoothly = True
        for attempt in range(_ATTEMPTS):
            operation = await self.place_once(placement, client, dice)
            outcome = operation.outcome
            if decided(operation) or (
                isinstance(outcome, Fail) and outcome.status == HTTPStatus.UNPROCESSABLE_CONTENT
            ):
                return smoothly
            smoothly = smoothly and isinstance(outcome, Fail) and outcome.problem == IN_FLIGHT
            self.retries += 1
            await asyncio.sleep(dice.expovariate(1 / (_MEAN_RETRY_SECONDS * 2**attempt)))
        return False

    async def read(self, order_id: str, client: str, dice: Random) -> None:
        """Look at an order."""
        await self._ask("read", order_id, "", client, dice)

    async def close(self, kind: Kind, order_id: str, client: str, dice: Random) -> None:
        """Cancel or ship an order."""
        await self._ask(kind, order_id, f"/{kind}", client, dice)

    async def read_list(self, customer: str, client: str, dice: Random) -> None:
        """Look at a customer's orders."""
        await self.recorder.request(
            "list",
            dice.choice(self.order_apis),
            f"/v1/orders?customer_id={customer}",
            client=client,
            subject=customer,
        )

    async def read_stock(self, sku: str, client: str) -> None:
        """Look at the stock of a SKU."""
        await self.recorder.request(
            "read_stock", self.order_processor, f"/v1/inventory/{sku}", client=client, subject=sku
        )

    def some_order(self, dice: Random) -> str | None:
        """Return an order that somebody placed, most likely a recent one."""
        if not self._known:
            return None
        back = int(dice.expovariate(1 / 30))
        return self._known[-1 - min(back, len(self._known) - 1)]

    async def _ask(self, kind: Kind, order_id: str, action: str, client: str, dice: Random) -> None:
        server = dice.choice(self.order_apis)
        path = f"/v1/orders/{order_id}{action}"
        await self.recorder.request(kind, server, path, client=client, subject=order_id)


class _Client:
    """One client: a loop of one thing after another, seeded by its number."""

    def __init__(self, crowd: Crowd, number: int) -> None:
        self._crowd = crowd
        self._name = f"client-{number}"
        self._dice = Random(f"{crowd.seed}-{number}")
        self._orders = 0
        self._repeats: list[tuple[float, Placement]] = []
        # Slow at first: how much the machine takes shows only then.
        self._mean_pause = _LONGEST_MEAN_PAUSE_SECONDS / 3

    async def live(self, until: Callable[[], bool]) -> None:
        """Act until then, and finish what was begun."""
        while not until():
            await asyncio.sleep(self._dice.expovariate(1 / self._mean_pause))
            if self._repeats and self._repeats[0][0] < time.monotonic():
                _, placement = self._repeats.pop(0)
                await self._crowd.place_once(placement, self._name, self._dice)
            else:
                await self._act()

    async def _act(self) -> None:
        crowd, dice = self._crowd, self._dice
        order_id = crowd.some_order(dice)
        choice = dice.random()
        if choice < 0.45 or order_id is None:
            await self._place()
        elif choice < 0.65:
            await crowd.read(order_id, self._name, dice)
        elif choice < 0.7:
            await crowd.read_list(self._customer(), self._name, dice)
        elif choice < 0.8:
            await crowd.close("cancel", order_id, self._name, dice)
        elif choice < 0.85:
            await crowd.close("ship", order_id, self._name, dice)
        elif choice < 0.92:  # at once, so that one of them must lose
            kinds: Sequence[Kind] = ("cancel", "ship")
            closes: list[Awaitable[None]] = [
                crowd.close(kind, order_id, self._name, dice) for kind in kinds
            ]
            await asyncio.gather(*closes)
        else:
            await crowd.read_stock(dice.choice(crowd.skus), self._name)

    async def _place(self) -> None:
        crowd, dice = self._crowd, self._dice
        self._orders += 1
        skus = dice.sample(crowd.skus, dice.randint(1, 3))
        lines = [{"sku": sku, "quantity": dice.randint(1, 3)} for sku in skus]
        placement = Placement(
            key=f"{crowd.seed}-{self._name}-{self._orders}",
            body={"customer_id": self._customer(), "lines": lines},
        )
        how = dice.random() / _REPEATED
        if how < 0.4:  # at once, as an impatient proxy does
            await asyncio.gather(
                crowd.place(placement, self._name, dice), crowd.place(placement, self._name, dice)
            )
            return
        # On a busy machine clients that never slow down only wait for each other.
        smoothly = await crowd.place(placement, self._name, dice)
        self._mean_pause = (
            max(self._mean_pause / 3, _MEAN_PAUSE_SECONDS)
            if smoothly
            else min(self._mean_pause * 2, _LONGEST_MEAN_PAUSE_SECONDS)
        )
        if how < 0.9:
            when = time.monotonic() + dice.uniform(0, _LONGEST_UNTIL_REPEAT_SECONDS)
            self._repeats.append((when, placement))
        elif how < 1:  # a client with a bug in its keys
            other = {**placement.body, "customer_id": "someone-else"}
            await crowd.place_once(Placement(key=placement.key, body=other), self._name, dice)

    def _customer(self) -> str:
        return f"{self._name}.{self._orders // _ORDERS_OF_A_CUSTOMER}"


def new_session() -> aiohttp.ClientSession:
    """Return a session for all clients of a run, each request of which has a time-out."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0),
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=_TIMEOUT_SECONDS),
    )
