"""A server that answers with exactly the bytes that a test gives it."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

type Reader = asyncio.StreamReader
type Writer = asyncio.StreamWriter
type Handler = Callable[["Call"], Awaitable[None]]

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Call:
    """One request that the server read whole, and the connection that it came by."""

    def __init__(self, connection: int, head: bytes, body: bytes, writer: Writer) -> None:
        self.connection = connection
        """Number of the connection, from 0."""
        self.head = head.decode("latin-1")
        self.body = body
        self._writer = writer

    async def send(self, data: bytes) -> None:
        """Write, and see it off."""
        self._writer.write(data)
        await self._writer.drain()

    def close(self) -> None:
        """End the connection after what was written."""
        self._writer.close()

    def abort(self) -> None:
        """End the connection at once."""
        self._writer.transport.abort()


class RawServer:
    """What a running server saw."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self._writers: list[Writer] = []
        self.listener: asyncio.Server | None = None
        self.calls: list[Call] = []
        self.connections = 0
        self.url = ""
        self.port = 0

    async def serve(self, reader: Reader, writer: Writer) -> None:
        """Answer the requests of one connection."""
        number = self.connections
        self.connections += 1
        self._writers.append(writer)
        try:
            while head := await _read_head(reader):
                length = 0
                for line in head.decode("latin-1").lower().splitlines():
                    if line.startswith("content-length:"):
                        length = int(line.partition(":")[2])
                call = Call(number, head, await reader.readexactly(length), writer)
                self.calls.append(call)
                await self._handler(call)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    def stop_listening(self) -> None:
        """Take no further connection."""
        if self.listener:
            self.listener.close()

    def close_connections(self) -> None:
        """Close all connections, as a server does with idle ones."""
        for writer in self._writers:
            writer.close()

    def send_everywhere(self, data: bytes) -> None:
        """Write to all connections, asked or not."""
        for writer in self._writers:
            writer.write(data)


@asynccontextmanager
async def raw_server(
    handler: Handler, *, ssl_context: ssl.SSLContext | None = None
) -> AsyncIterator[RawServer]:
    """Run a server on loopback that gives every request to `handler`."""
    server = RawServer(handler)
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=ssl_context)
    async with listener:
        server.listener = listener
        server.port = listener.sockets[0].getsockname()[1]
        scheme = "https" if ssl_context else "http"
        server.url = f"{scheme}://localhost:{server.port}"
        try:
            yield server
        finally:
            server.close_connections()


def answering(*answers: bytes) -> Handler:
    """Return a handler that gives `answers` in turn, the last for ever."""
    left = list(answers)

    async def handle(call: Call) -> None:
        await call.send(left.pop(0) if len(left) > 1 else left[0])

    return handle


async def _read_head(reader: Reader) -> bytes:
    try:
        return await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return b""
