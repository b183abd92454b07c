"""Stock is read and filled up, and the units added are what they are said to be."""

from __future__ import annotations

import json

import pytest
from aiohttp import web

from tools.dev.errors import DevError
from tools.dev.stock import Level, read_levels, refill
from tools.dev.tests.scripted_service import service


class Shelf:
    """Stock of SKUs, which somebody else's orders take before the first `steals` writes."""

    def __init__(self, steals: int = 0, **on_hand: int) -> None:
        self.on_hand = on_hand
        self.version = 1
        self._steals = steals

    async def answer(self, request: web.Request) -> web.StreamResponse:
        sku = request.path.rpartition("/")[2]
        if request.method == "PUT":
            if self._steals:
                self._steals -= 1
                self.version += 1
                self.on_hand[sku] -= 1
            if request.headers.get("If-Match", "").strip('"') not in ("", str(self.version)):
                return web.Response(status=412)
            self.on_hand[sku] = json.loads(await request.read())["on_hand"]
        if sku not in self.on_hand:
            return web.Response(status=404)
        body = {"on_hand": self.on_hand[sku], "reserved": 1, "sold": 2}
        return web.json_response(body, headers={"ETag": f'"{self.version}"'})


async def test_what_is_stocked_is_read() -> None:
    async with service(Shelf(mug=5).answer) as address:
        assert await read_levels(address, ["mug", "churn"]) == {"mug": Level(5, 1, 2)}


async def test_the_units_added_are_told() -> None:
    shelf = Shelf(mug=5, full=100)
    async with service(shelf.answer) as address:
        assert await refill(address, {"mug": 20, "full": 20, "new": 7}) == {"mug": 15, "new": 7}
    assert shelf.on_hand == {"mug": 20, "full": 100, "new": 7}


async def test_units_taken_meanwhile_are_added_too() -> None:
    async with service(Shelf(steals=2, mug=5).answer) as address:
        assert await refill(address, {"mug": 20}) == {"mug": 17}


async def test_stock_that_does_not_keep_still_is_an_error() -> None:
    async with service(Shelf(steals=1000, mug=5).answer) as address:
        with pytest.raises(DevError, match="the stock of mug does not keep still"):
            await refill(address, {"mug": 20})


async def test_another_answer_is_an_error() -> None:
    async def handle(_: web.Request) -> web.StreamResponse:
        return web.Response(status=500)

    async with service(handle) as address:
        with pytest.raises(DevError, match="answers 500 for SKU mug"):
            await read_levels(address, ["mug"])
