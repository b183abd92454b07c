"""Read and refill stock over HTTP."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus

import aiohttp

from tools.dev.errors import DevError

REFILL_ATTEMPTS = 10


@dataclass(frozen=True)
class Level:
    """Where the units of one SKU are."""

    on_hand: int = 0
    reserved: int = 0
    sold: int = 0

    @property
    def total(self) -> int:
        """All units; only setting the units on hand changes it."""
        return self.on_hand + self.reserved + self.sold


async def read_levels(order_processor: str, skus: Iterable[str]) -> dict[str, Level]:
    """Return the stock of those SKUs that are stocked.

    Raises:
        DevError: the service answers something else.
    """
    async with aiohttp.ClientSession(order_processor) as session:
        found = {}
        for sku in skus:
            level, _ = await _read(session, sku)
            if level:
                found[sku] = level
        return found


async def refill(order_processor: str, wanted: Mapping[str, int]) -> dict[str, int]:
    """Bring every SKU up to its wanted units on hand, and return the units added to each.

    Raises:
        DevError: the service refuses.
    """
    async with aiohttp.ClientSession(order_processor) as session:
        added = {sku: await _refill(session, sku, units) for sku, units in wanted.items()}
        return {sku: units for sku, units in added.items() if units}


async def _refill(session: aiohttp.ClientSession, sku: str, wanted: int) -> int:
    for _ in range(REFILL_ATTEMPTS):
        level, tag = await _read(session, sku)
        on_hand = level.on_hand if level else 0
        if level and on_hand >= wanted:
            return 0
        # Unless an order takes units meanwhile, which would make the difference a wrong one.
        headers = {"If-Match": tag} if tag else {}
        async with session.put(
            f"/v1/inventory/{sku}", json={"on_hand": wanted}, headers=headers
        ) as answer:
            if answer.status == HTTPStatus.OK:
                return wanted - on_hand
            if answer.status != HTTPStatus.PRECONDITION_FAILED:
                raise DevError(f"order_processor answers {answer.status} to stock of {sku}")
    raise DevError(f"the stock of {sku} does not keep still: other orders take it")


async def _read(session: aiohttp.ClientSession, sku: str) -> tuple[Level | None, str]:
    """Return where the units of a SKU are, None for an unknown one, and the tag of that state."""
    async with session.get(f"/v1/inventory/{sku}") as answer:
        if answer.status == HTTPStatus.NOT_FOUND:
            return None, ""
        if answer.status != HTTPStatus.OK:
            raise DevError(f"order_processor answers {answer.status} for SKU {sku}")
        body = await answer.json()
        return Level(body["on_hand"], body["reserved"], body["sold"]), answer.headers["ETag"]
