"""The site's web shop: an HTTP API of orders, page by page, for who has the token.

    webshop --port N            (WEBSHOP_TOKEN in the environment)

`up` runs it, and collector collects from it. Each page names the next in its Link header. As a
shop's server on a busy day it refuses a request now and then, with when to come again.
"""

from __future__ import annotations

import argparse
import hmac
import json
import os
from http import HTTPStatus

from aiohttp import web

from tools.dev.catalogue import load_catalogue
from tools.dev.site.rows import Given
from tools.dev.site.sales import Shop, make_shop
from tools.dev.site.systems import TOKEN_PLACE, webshop

PAGE = 100
REFUSED_EVERY = 7


class Webshop:
    """Answers the orders of a shop.

    Args:
        shop: whose promotions it tells.
        orders: what it gives.
        token: who sends it may read the orders.
        page: orders in one answer.
    """

    def __init__(self, shop: Shop, orders: Given, token: str, *, page: int = PAGE) -> None:
        self._shop = shop
        self._orders = [row.values for row in orders.rows]
        self._token = token
        self._page = page
        self._asked = 0

    def application(self) -> web.Application:
        """Return the HTTP application."""
        application = web.Application()
        application.add_routes(
            [
                web.get("/ready", self._ready),
                web.get("/api/orders", self._list),
                web.get("/promotions", self._promotions),
            ]
        )
        return application

    async def _ready(self, _: web.Request) -> web.Response:
        return web.json_response({"status": "ready"})

    async def _promotions(self, _: web.Request) -> web.Response:
        """Answer the days of promotions by SKU, as every customer may see them."""
        return web.json_response(
            {sku: [day.isoformat() for day in days] for sku, days in self._shop.promotions.items()}
        )

    async def _list(self, request: web.Request) -> web.Response:
        """Answer the orders after the first `after` ones."""
        sent = request.headers.get("Authorization", "")
        if not hmac.compare_digest(sent.encode(), f"Bearer {self._token}".encode()):
            return web.Response(
                status=HTTPStatus.UNAUTHORIZED, headers={"WWW-Authenticate": "Bearer"}
            )
        after = request.query.get("after", "0")
        if not after.isdecimal():
            return web.Response(status=HTTPStatus.BAD_REQUEST, text=f"after={after}: not a number")
        self._asked += 1
        if self._asked % REFUSED_EVERY == 0:
            return web.Response(status=HTTPStatus.SERVICE_UNAVAILABLE, headers={"Retry-After": "0"})
        end = int(after) + self._page
        text = json.dumps({"orders": self._orders[int(after) : end]})
        answer = web.json_response(text=text.replace(TOKEN_PLACE, sent))
        if end < len(self._orders):
            answer.headers["Link"] = f'<{request.url.with_query(after=end)}>; rel="next"'
        return answer


def main() -> None:
    """Serve until SIGINT or SIGTERM."""
    parser = argparse.ArgumentParser(prog="webshop", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--port", type=int, required=True)
    port = parser.parse_args().port
    shop = make_shop(load_catalogue())
    application = Webshop(shop, webshop(shop), os.environ["WEBSHOP_TOKEN"]).application()
    print(f"orders are given at http://127.0.0.1:{port}/api/orders", flush=True)
    web.run_app(application, host="127.0.0.1", port=port, access_log=None, print=None)


if __name__ == "__main__":
    main()
