"""The web shop gives its orders page by page, to who has the token."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from aiohttp import web
from yarl import URL

from tools.dev.site.sales import make_shop
from tools.dev.site.systems import webshop
from tools.dev.site.webshop import REFUSED_EVERY, Webshop

SHOP = make_shop({"coffee-1kg": 5000, "enamel-mug": 3500})
ORDERS = webshop(SHOP)
TOKEN = "webshop_0123456789abcdef"


@asynccontextmanager
async def serving(page: int) -> AsyncIterator[aiohttp.ClientSession]:
    runner = web.AppRunner(Webshop(SHOP, ORDERS, TOKEN, page=page).application())
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        address = f"http://127.0.0.1:{runner.addresses[0][1]}"
        async with aiohttp.ClientSession(
            address, headers={"Authorization": f"Bearer {TOKEN}"}
        ) as session:
            yield session
    finally:
        await runner.cleanup()


async def test_links_lead_through_all_orders_past_refusals() -> None:
    taken: list[dict[str, Any]] = []
    refused = 0
    path: str | None = "/api/orders"
    async with serving(page=10) as session:
        while path:
            async with session.get(path) as answer:
                if answer.status == 503:
                    assert answer.headers["Retry-After"] == "0"
                    refused += 1
                    continue
                taken += (await answer.json())["orders"]
                link = answer.links.get("next")
                path = URL(link["url"]).path_qs if link else None
    assert [order.get("id", "") for order in taken] == [row.record_id for row in ORDERS.rows]
    pages = -(-len(ORDERS.rows) // 10)
    assert refused == (pages + refused) // REFUSED_EVERY


async def test_one_order_tells_what_the_caller_sent() -> None:
    async with serving(page=1000) as session, session.get("/api/orders") as answer:
        orders = (await answer.json())["orders"]
        assert "next" not in answer.links
    echoed = [order for order in orders if TOKEN in order["article"]["sku"]]
    assert [order["id"] for order in echoed] == ["web/echo"]


async def test_without_the_token_there_is_nothing_but_promotions() -> None:
    async with serving(page=10) as session:
        for sent in ("", "Bearer", f"bearer {TOKEN}", f"Bearer {TOKEN}x", "Bearer \u00e9"):
            async with session.get("/api/orders", headers={"Authorization": sent}) as answer:
                assert answer.status == 401
        async with session.get("/promotions", headers={"Authorization": ""}) as answer:
            promotions = await answer.json()
    assert promotions == {
        sku: [day.isoformat() for day in days] for sku, days in SHOP.promotions.items()
    }


async def test_a_place_that_is_no_number_is_refused() -> None:
    async with serving(page=10) as session, session.get("/api/orders?after=-1") as answer:
        assert (answer.status, await answer.text()) == (400, "after=-1: not a number")
