"""What may happen to requests between a relay and its queue: a TCP proxy that a test controls."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Gate:
    """A proxy of one port on loopback."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._tasks: set[asyncio.Task[None]] = set()
        self.endpoint = ""
        self.closed = False
        """Whether connections are ended at once."""
        self.losing = 0
        """How many answers are lost from now on: the queue has the messages, the relay no word."""
        self.seconds = 0.0
        """How long each request is held up."""
        self.passed = 0
        """How many requests have gone through."""

    @classmethod
    @asynccontextmanager
    async def opened(cls, port: int) -> AsyncIterator["Gate"]:
        """Yield a gate before the server at `port`."""
        gate = cls(port)
        server = await asyncio.start_server(gate._accept, "127.0.0.1", 0)
        gate.endpoint = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield gate
        finally:
            server.close()
            for task in gate._tasks:
                task.cancel()
            await asyncio.gather(*gate._tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await self._carry(reader, writer)
        finally:
            writer.transport.abort()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            request = await _message(reader)
            if self.closed:
                return
            await asyncio.sleep(self.seconds)
            self.passed += 1
            upstream, sink = await asyncio.open_connection("127.0.0.1", self._port)
            try:
                sink.write(request)
                answer = await _message(upstream)
            finally:
                sink.transport.abort()
            if self.losing:
                self.losing -= 1
                return
            writer.write(answer)
            await writer.drain()


async def _message(reader: asyncio.StreamReader) -> bytes:
    """Return a request or an answer, both of which say how long they are."""
    head = await reader.readuntil(b"\r\n\r\n")
    fields = dict(line.lower().split(b":", 1) for line in head.split(b"\r\n")[1:] if line)
    return head + await reader.readexactly(int(fields[b"content-length"]))
