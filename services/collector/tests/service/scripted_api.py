"""An HTTP API on loopback whose answers a test chooses, and withholds."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web


class ScriptedApi:
    """Answers every request with the same, when it is let."""

    def __init__(self) -> None:
        self.url = ""
        self.status = 200
        self.records: list[dict[str, object]] = [{"record_id": "1"}]
        self.open = asyncio.Event()
        """Until it is set, requests wait."""
        self.open.set()
        self.asked = asyncio.Event()

    async def answer(self, _: web.Request) -> web.Response:
        """Answer one request."""
        self.asked.set()
        await self.open.wait()
        return web.Response(
            body=json.dumps(self.records), status=self.status, content_type="application/json"
        )


@asynccontextmanager
async def scripted_api() -> AsyncIterator[ScriptedApi]:
    """Yield a running API."""
    api = ScriptedApi()
    app = web.Application()
    app.router.add_get("/records", api.answer)
    runner = web.AppRunner(app, shutdown_timeout=0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        port = runner.addresses[0][1]
        api.url = f"http://127.0.0.1:{port}/records"
        yield api
    finally:
        api.open.set()
        await runner.cleanup()
