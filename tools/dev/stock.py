"""Read and refill stock over HTTP."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus

import aiohttp

from tools.dev.errors import DevError


@dataclass(frozen=True)
class Level:
    """Where the units of one SKU are."""

    on_hand: int
    reserved: int
    sold: int

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
            async with session.get(f"/v1/inventory/{sku}") as answer:
                if answer.status == HTTPStatus.NOT_FOUND:
                    continue
                if answer.status != HTTPStatus.OK:
                    raise DevError(f"order_processor answers {answer.status} for SKU {sku}")
                body = await answer.json()
                found[sku] = Level(body["on_hand"], body["reserved"], body["sold"])
        return found


async def refill(order_processor: str, wanted: Mapping[str, int]) -> list[str]:
    """Bring every SKU up to its wanted units on hand, and return those that had fewer.

    Raises:
        DevError: the service refuses.
    """
    present = await read_levels(order_processor, wanted)
    on_hand = {sku: level.on_hand for sku, level in present.items()}
    low = [sku for sku, units in wanted.items() if on_hand.get(sku, -1) < units]
    async with aiohttp.ClientSession(order_processor) as session:
        for sku in low:
            body = {"on_hand": wanted[sku]}
            async with session.put(f"/v1/inventory/{sku}", json=body) as answer:
                if answer.status != HTTPStatus.OK:
                    raise DevError(f"order_processor answers {answer.status} to stock of {sku}")
    return low
