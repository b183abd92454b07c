"""Real servers on loopback: of an API, and of bytes that no HTTP server would send."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from services.collector.sites import Limits, Secret, Sites
from services.collector.sources.api import ApiSource
from services.collector.sources.base import SourceError
from services.collector.tests.sources.collecting_all import batches_of
from services.collector.triggers import ApiConfig

type Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]

type Writing = Callable[[asyncio.StreamWriter], Awaitable[None]]

LOOPBACK = Sites(networks=[ip_network("127.0.0.0/8"), ip_network("::1/128")])


def api(url: str, sites: Sites = LOOPBACK, **config: Any) -> ApiSource:
    """Return a source that asks as fast as it can."""
    return ApiSource(
        ApiConfig.model_validate({"url": url, "requests_per_second": 100, **config}), sites
    )


def with_limits(**limits: Any) -> Sites:
    """Return sites that open loopback and have some limits."""
    return LOOPBACK.model_copy(update={"limits": Limits.model_validate(limits)})


def with_secret(folder: Path, value: str, *origins: str) -> Sites:
    """Return sites that open loopback and have `shop-token` for some origins."""
    file = folder / "shop-token"
    file.write_text(value + "\n")
    secret = Secret.model_validate({"file": file, "origins": list(origins)})
    return LOOPBACK.model_copy(update={"secrets": {"shop-token": secret}})


@asynccontextmanager
async def serving(handler: Handler, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[str]:
    """Serve every path by one handler; yield the origin."""
    server = web.Server(handler)
    runner = web.ServerRunner(server, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, host, port)
    await site.start()
    try:
        shown = f"[{host}]" if ":" in host else host
        yield f"http://{shown}:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def answering(write: Writing, host: str = "127.0.0.1") -> AsyncIterator[str]:
    """Answer each request by writing raw bytes; yield the origin."""

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            await write(writer)
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass  # the other side has had enough
        finally:
            writer.close()

    server = await asyncio.start_server(take, host, 0)
    try:
        yield f"http://{host}:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        server.close_clients()
        await server.wait_closed()


def head(*lines: str) -> bytes:
    """Return the head of a JSON answer with some more header lines."""
    return "\r\n".join(
        ["HTTP/1.1 200 OK", "Content-Type: application/json", *lines, "", ""]
    ).encode()


ONE = b'[{"record_id":"a"}]'
"""An answer with one record."""


def answer(body: bytes, **headers: str) -> Writing:
    """Return what answers with a body, and headers whose names are written with _ for -."""

    async def write(writer: asyncio.StreamWriter) -> None:
        lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        writer.write(head("Connection: close", f"Content-Length: {len(body)}", *lines) + body)

    return write


async def error_of(
    write: Writing, sites: Sites | None = None, host: str = "127.0.0.1", **config: Any
) -> SourceError:
    """Return the error of a job that collects from a server of raw bytes."""
    async with answering(write, host) as origin:
        with pytest.raises(SourceError) as caught:
            await batches_of(api(origin, sites or LOOPBACK, **config))
    return caught.value
