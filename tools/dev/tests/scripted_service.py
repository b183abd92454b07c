"""A service whose answers a test chooses."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from aiohttp import web

type Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def service(handler: Handler) -> AsyncIterator[str]:
    """Answer all requests with a handler, and yield the address."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def order_is(status: str, order_id: str = "o1", code: int = 201) -> web.Response:
    """Return an order."""
    return web.json_response(
        {"order_id": order_id, "status": status},
        status=code,
        headers={"Location": f"/v1/orders/{order_id}"},
    )


def problem(status: int, kind: str, *, retry_after: str = "", order_id: str = "") -> web.Response:
    """Return a refusal."""
    body = {"type": f"urn:granary:problem:{kind}", "status": status}
    if order_id:
        body["order_id"] = order_id
    headers = {"Retry-After": retry_after} if retry_after else {}
    return web.json_response(
        body, status=status, headers=headers, content_type="application/problem+json"
    )


def scripted(*answers: web.Response | None) -> tuple[Handler, list[web.Request]]:
    """Return a handler that gives these answers in turn, None for a broken connection, and the
    requests that it gets."""
    requests: list[web.Request] = []
    remaining = iter(answers)

    async def handle(request: web.Request) -> web.StreamResponse:
        requests.append(request)
        answer = next(remaining)
        if answer is None:
            assert request.transport is not None
            request.transport.close()
            return web.Response()
        return answer

    return handle, requests
