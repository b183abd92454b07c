"""A shop's side of the webhooks: takes signed events, verifies them, and tells what came.

    subscriber --port N            (WEBHOOK_SECRET in the environment)

`up` runs it, and `demo` reads from it. It verifies with the reference library of the Standard
Webhooks specification, not with code that order_webhook shares. Some events are refused at first,
as a shop's server does on a bad day, so that every run shows events that are sent again.
"""

from __future__ import annotations

import argparse
import os
import zlib
from dataclasses import dataclass
from http import HTTPStatus

from aiohttp import web
from standardwebhooks import Webhook, WebhookVerificationError

from tools.dev.events import REFUSED_AT_FIRST

REFUSED_SHARE = 0.02
"""Share of the events whose first delivery is answered with 503."""
MOST_DELIVERIES = 1000
MOST_BYTES = 262_144 + 4096


@dataclass(frozen=True)
class Delivery:
    """A request as it came."""

    id: str
    """`webhook-id`, the event's own id; "" when there was none."""
    body: str
    problem: str = ""
    """Why it was refused; "" when it was taken."""


class Subscriber:
    """Remembers every delivery from its start on."""

    def __init__(self, secret: str, *, refused_share: float = REFUSED_SHARE) -> None:
        """Raise ValueError for a secret that is none."""
        self._webhook = Webhook(secret)
        self._refused_share = refused_share
        self._seen: set[str] = set()
        self._deliveries: list[Delivery] = []

    def application(self) -> web.Application:
        """Return the HTTP application."""
        application = web.Application(client_max_size=MOST_BYTES)
        application.add_routes(
            [
                web.get("/ready", self._ready),
                web.get("/deliveries", self._list),
                web.post("/webhooks", self._take),
            ]
        )
        return application

    async def _ready(self, _: web.Request) -> web.Response:
        return web.json_response({"status": "ready"})

    async def _take(self, request: web.Request) -> web.Response:
        body = await request.text()
        name = request.headers.get("webhook-id", "")
        try:
            self._webhook.verify(body, dict(request.headers), json_parse=False)
        # What the library raises for a header that it cannot even read.
        except (WebhookVerificationError, ValueError) as error:
            self._deliveries.append(Delivery(name, body, f"not verified: {error}"))
            return web.Response(status=HTTPStatus.UNAUTHORIZED)
        is_new = name not in self._seen
        self._seen.add(name)
        if is_new and self._is_refused_at_first(name):
            self._deliveries.append(Delivery(name, body, REFUSED_AT_FIRST))
            return web.Response(status=HTTPStatus.SERVICE_UNAVAILABLE, headers={"Retry-After": "0"})
        self._deliveries.append(Delivery(name, body))
        return web.Response(status=HTTPStatus.NO_CONTENT)

    def _is_refused_at_first(self, name: str) -> bool:
        # By the id alone, so that a run can be repeated.
        return zlib.crc32(name.encode()) % 1000 < self._refused_share * 1000

    async def _list(self, request: web.Request) -> web.Response:
        """Answer the deliveries after the first `after` ones, and where to go on."""
        after = request.query.get("after", "0")
        if not after.isdecimal():
            return web.Response(status=HTTPStatus.BAD_REQUEST, text=f"after={after}: not a number")
        part = self._deliveries[int(after) : int(after) + MOST_DELIVERIES]
        return web.json_response(
            {
                "deliveries": [
                    {"id": delivery.id, "body": delivery.body, "problem": delivery.problem}
                    for delivery in part
                ],
                "next": int(after) + len(part),
            }
        )


def main() -> None:
    """Serve until SIGINT or SIGTERM."""
    parser = argparse.ArgumentParser(prog="subscriber", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--port", type=int, required=True)
    port = parser.parse_args().port
    application = Subscriber(os.environ["WEBHOOK_SECRET"]).application()
    print(f"webhooks are taken at http://127.0.0.1:{port}/webhooks", flush=True)
    # A line for each webhook is of no use to who watches `up`: the demo reports what came.
    web.run_app(application, host="127.0.0.1", port=port, access_log=None, print=None)


if __name__ == "__main__":
    main()
