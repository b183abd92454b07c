"""An order_processor that answers as a test tells it to, on a port of its own.

The real one is driven in //services/tests; this one also gives the answers that it gives rarely.
"""

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from libs.contracts.moments import moment

URN = "urn:granary:problem:"


@dataclass
class ScriptedProcessor:
    """What the server answers, and what it was asked."""

    url: str = ""
    refusal: tuple[int, str, str] | None = None
    """Status, problem and SKU of every reservation that is refused; None holds all."""
    failures: int = 0
    """How many of the next requests end in 503."""
    lost_answers: int = 0
    """How many of the next requests are carried out, and then end in 503."""
    delay_seconds: float = 0
    hold_seconds: float = 3_600
    """How long stock is held."""
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once a reservation was asked for."""
    held_back: asyncio.Event | None = None
    """Keeps the answer to the next reservation until it is set."""
    garbled: bool = False
    """Answer what no processor would."""
    puzzled_by: str = ""
    """The order whose every reservation gets an answer that no processor gives."""
    reserved: list[dict[str, Any]] = field(default_factory=list)
    states: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What became of each order's stock."""
    closed: list[tuple[str, str]] = field(default_factory=list)
    """What was done to whose stock."""
    headers: list[dict[str, str]] = field(default_factory=list)

    def application(self) -> web.Application:
        """Return the server's application."""
        app = web.Application()
        app.router.add_get("/health", self._health)
        app.router.add_post("/v1/reservations", self._reserve)
        app.router.add_get("/v1/reservations/{order_id}", self._look)
        app.router.add_delete("/v1/reservations/{order_id}", self._release)
        app.router.add_post("/v1/reservations/{order_id}/sale", self._sell)
        return app

    def expire(self, order_id: str) -> None:
        """Return an order's stock because its time is over."""
        self._close(order_id, "RELEASED", "expired")

    async def _health(self, _: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def _reserve(self, request: web.Request) -> web.Response:
        self.headers.append(dict(request.headers))
        wanted = await request.json()
        if trouble := await self._trouble():
            return trouble
        if wanted["order_id"] == self.puzzled_by:
            return web.json_response({"type": URN + "surprise"}, status=418)
        gate, self.held_back = self.held_back, None
        self.reserved.append(wanted)
        self.asked.set()
        if gate:
            await gate.wait()
        if self.refusal:
            status, kind, sku = self.refusal
            return web.json_response({"type": URN + kind, "sku": sku}, status=status)
        state = self.states.setdefault(
            wanted["order_id"],
            {
                **wanted,
                "status": "HELD",
                "expires_at": moment(time.time() + self.hold_seconds),
            },
        )
        if state["status"] == "RELEASED":
            return web.json_response({**state, "type": URN + "reservation-released"}, status=409)
        return self._tell(state, status=201)

    async def _look(self, request: web.Request) -> web.Response:
        if trouble := await self._trouble():
            return trouble
        return web.json_response(self.states[request.match_info["order_id"]])

    async def _release(self, request: web.Request) -> web.Response:
        if trouble := await self._trouble():
            return trouble
        state = self._close(request.match_info["order_id"], "RELEASED", "cancelled")
        if state["status"] == "SOLD":
            return web.json_response({"type": URN + "reservation-sold"}, status=409)
        return self._tell(state)

    async def _sell(self, request: web.Request) -> web.Response:
        if trouble := await self._trouble():
            return trouble
        state = self._close(request.match_info["order_id"], "SOLD", None)
        if state["status"] == "RELEASED":
            return web.json_response({**state, "type": URN + "reservation-released"}, status=409)
        return self._tell(state)

    def _close(self, order_id: str, status: str, reason: str | None) -> dict[str, Any]:
        state = self.states[order_id]
        if state["status"] == "HELD":
            state.update(status=status, release_reason=reason)
            self.closed.append((order_id, status))
        return state

    def _tell(self, state: dict[str, Any], status: int = 200) -> web.Response:
        if self.lost_answers:
            self.lost_answers -= 1
            return web.json_response({"type": URN + "timed-out"}, status=503)
        return web.json_response(state, status=status)

    async def _trouble(self) -> web.Response | None:
        await asyncio.sleep(self.delay_seconds)
        if self.garbled:
            return web.Response(text="<html>", status=200)
        if self.failures:
            self.failures -= 1
            return web.json_response({"type": URN + "contention"}, status=503)
        return None
