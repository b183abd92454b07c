"""A server that answers every DynamoDB request at once: it keeps nothing and checks nothing.

DynamoDB Local takes fewer requests than the services can send, so with it they mostly sleep, and an
order costs them more CPU time than it costs a busy service. This server loads them as far as they
go. The database is not what is measured with it, and no order is shown to be right: that is done
with DynamoDB Local.

    python -m tools.bench.orders.instant

listens on a free loopback port, writes `listening PORT` to stdout, and answers as DynamoDB does to
a write that succeeds, or to a query that finds nothing.
"""

import asyncio
import re
import zlib
from contextlib import suppress
from typing import cast

import uvloop

_END_OF_HEAD = b"\r\n\r\n"
_CONTENT_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_QUERY = re.compile(rb"\r\nx-amz-target: *DynamoDB_\d+\.Query\r\n", re.IGNORECASE)


def _answer(body: bytes) -> bytes:
    """Return a whole response, with the headers that DynamoDB sends and its clients look at."""
    return (
        b"HTTP/1.1 200 OK\r\n"
        b"Content-Type: application/x-amz-json-1.0\r\n"
        b"Content-Length: %d\r\n"
        b"Connection: keep-alive\r\n"
        b"x-amzn-RequestId: 0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789ABCDEF\r\n"
        b"x-amz-crc32: %d\r\n\r\n%s"
    ) % (len(body), zlib.crc32(body), body)


_WRITTEN = _answer(b"{}")
_NOTHING_FOUND = _answer(b'{"Count":0,"Items":[],"ScannedCount":0}')


class InstantAnswers(asyncio.Protocol):
    """One connection: a response for every request, however the bytes of them arrive.

    The length of a body is its Content-Length, else 0; DynamoDB's clients send nothing else.
    """

    def __init__(self) -> None:
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep where to answer."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Answer every request that is complete now."""
        self._received += data
        answers = []
        while answer := self._take():
            answers.append(answer)
        if answers:
            self._transport.write(b"".join(answers))

    def _take(self) -> bytes | None:
        """Return the response to the first request and forget it; None while it is not whole."""
        head, separator, rest = self._received.partition(_END_OF_HEAD)
        if not separator:
            return None
        found = _CONTENT_LENGTH.search(head)
        length = int(found[1]) if found else 0
        if len(rest) < length:
            return None
        self._received = rest[length:]
        return _NOTHING_FOUND if _QUERY.search(head + b"\r\n") else _WRITTEN


async def _serve() -> None:
    server = await asyncio.get_running_loop().create_server(InstantAnswers, "127.0.0.1", 0)
    print(f"listening {server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    # Ctrl-C is for the benchmark, which then ends this process.
    with suppress(KeyboardInterrupt):
        uvloop.run(_serve())
