"""A TCP balancer over instances that say they are ready, as a cluster's service network is one.

New connections go to ready instances in turn; connections that stand are left alone.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus

import aiohttp

_POLL_SECONDS = 0.05
_BLOCK_BYTES = 65_536


class Balancer:
    """Where the connections of one service go."""

    def __init__(self) -> None:
        self.url = ""
        self._ready: list[str] = []
        self._looked = asyncio.Condition()
        self._next = 0

    async def reached(self, url: str) -> None:
        """Wait until an instance gets new connections."""
        async with self._looked:
            await self._looked.wait_for(lambda: url in self._ready)

    async def watch(self, instances: list[str]) -> None:
        """Keep asking the instances, which the caller adds and removes, whether they are ready."""
        timeout = aiohttp.ClientTimeout(total=5)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            while True:
                asked = tuple(instances)
                answers = await asyncio.gather(*(_is_ready(session, url) for url in asked))
                async with self._looked:
                    self._ready = [url for url, ready in zip(asked, answers, strict=True) if ready]
                    self._looked.notify_all()
                await asyncio.sleep(_POLL_SECONDS)

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection to the next ready instance."""
        self._next += 1
        host, port = self._ready[self._next % len(self._ready)].removeprefix("http://").split(":")
        onward_reader, onward_writer = await asyncio.open_connection(host, int(port))
        try:
            await asyncio.gather(_pipe(reader, onward_writer), _pipe(onward_reader, writer))
        finally:
            writer.close()
            onward_writer.close()


@asynccontextmanager
async def balancing(instances: list[str]) -> AsyncIterator[Balancer]:
    """Yield a balancer over `instances`, a list of addresses that may change meanwhile."""
    balancer = Balancer()
    carrying: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(balancer.carry(reader, writer))
        carrying.add(task)
        task.add_done_callback(carrying.discard)

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    balancer.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    watcher = asyncio.create_task(balancer.watch(instances))
    try:
        await balancer.reached(instances[0])
        yield balancer
    finally:
        server.close()
        for task in (watcher, *carrying):
            task.cancel()
        await asyncio.gather(watcher, *carrying, return_exceptions=True)


async def _is_ready(session: aiohttp.ClientSession, url: str) -> bool:
    try:
        async with session.get(f"{url}/ready") as answer:
            return answer.status == HTTPStatus.OK
    except (aiohttp.ClientError, TimeoutError):
        return False


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while block := await reader.read(_BLOCK_BYTES):
            writer.write(block)
            await writer.drain()
    writer.close()
