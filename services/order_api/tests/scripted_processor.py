"""An HTTP server in the place of order_processor, whose answers a test chooses.

The real one is driven in //services/tests; this one also gives the answers that it gives rarely.
"""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

URN = "urn:granary:problem:"


@dataclass
class ScriptedProcessor:
    """What the server answers, and what it was asked."""

    url: str = ""
    refusal: tuple[int, str, str] | None = None
    """Status, problem and SKU of every reservation that is refused; None holds all."""
    failures: int = 0
    """How many of the next requests end in 503."""
    delay_seconds: float = 0
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once a reservation was asked for."""
    held_back: asyncio.Event | None = None
    """Keeps the answer to the next reservation until it is set."""
    garbled: bool = False
    """Answer what no processor would."""
    reserved: list[dict[str, Any]] = field(default_factory=list)
    released: list[str] = field(default_factory=list)
    request_ids: list[str] = field(default_factory=list)

    def application(self) -> web.Application:
        """Return the server's application."""
        app = web.Application()
        app.router.add_get("/health", self._health)
        app.router.add_post("/v1/reservations", self._reserve)
        app.router.add_delete("/v1/reservations/{order_id}", self._release)
        return app

    async def _health(self, _: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def _reserve(self, request: web.Request) -> web.Response:
        self.request_ids.append(request.headers["X-Request-ID"])
        wanted = await request.json()
        if trouble := await self._trouble():
            return trouble
        gate, self.held_back = self.held_back, None
        self.reserved.append(wanted)
        self.asked.set()
        if gate:
            await gate.wait()
        if self.refusal:
            status, kind, sku = self.refusal
            return web.json_response({"type": URN + kind, "sku": sku}, status=status)
        return web.json_response({**wanted, "status": "HELD"}, status=201)

    async def _release(self, request: web.Request) -> web.Response:
        if trouble := await self._trouble():
            return trouble
        self.released.append(request.match_info["order_id"])
        return web.json_response({"status": "RELEASED"})

    async def _trouble(self) -> web.Response | None:
        await asyncio.sleep(self.delay_seconds)
        if self.garbled:
            return web.Response(text="<html>", status=200)
        if self.failures:
            self.failures -= 1
            return web.json_response({"type": URN + "contention"}, status=503)
        return None
