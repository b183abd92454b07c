"""Put the catalogue in, through the same HTTP API that everybody uses."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

import aiohttp

from tools.dev.errors import DevError


async def seed(order_processor: str, catalogue: Mapping[str, int]) -> None:
    """Set the units on hand of every SKU.

    Raises:
        DevError: the service refuses one.
    """
    async with aiohttp.ClientSession(order_processor) as session:
        for sku, on_hand in catalogue.items():
            async with session.put(f"/v1/inventory/{sku}", json={"on_hand": on_hand}) as answer:
                if answer.status != HTTPStatus.OK:
                    raise DevError(
                        f"order_processor refuses {on_hand} units of {sku}: "
                        f"{answer.status} {await answer.text()}"
                    )
