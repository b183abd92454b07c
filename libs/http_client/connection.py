"""One HTTP/1.1 connection: a request out, its response back, one at a time."""

import asyncio
from collections.abc import Callable
from typing import cast

from libs.http_client.errors import BadResponseError, ConnectionLostError, HttpError, TimedOutError
from libs.http_client.messages import Response
from libs.http_client.reading import ResponseReader

_MOST_JOINED_BYTES = 16 * 1024


class Connection(asyncio.Protocol):
    """A connection of a pool; `lost` is called once, when it is gone."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        lost: Callable[["Connection"], None],
        *,
        max_body_bytes: int,
    ) -> None:
        self._loop = loop
        self._lost = lost
        self._max_body_bytes = max_body_bytes
        self._transport: asyncio.Transport | None = None
        self._reader: ResponseReader | None = None
        self._answer: asyncio.Future[Response] | None = None
        self.usable = False
        """Whether the connection can carry a request now."""
        self.made = False
        """Whether there was ever a connection."""
        self.answered = False
        """Whether any byte came back for the last request."""
        self.idle_since = 0.0
        """When it was given back last, by the loop's clock."""

    async def exchange(self, head: bytes, body: bytes, *, no_body: bool, end: float) -> Response:
        """Send a request and return its response; `no_body` for HEAD, whose answers have none.

        It fails at `end`, by the loop's clock. The connection is of no more use, and closed, after
        any exception.
        """
        self.answered = False
        if self._transport is None or not self.usable:
            raise ConnectionLostError("the connection ended before the request", sent=False)
        self._reader = ResponseReader(no_body=no_body, max_body_bytes=self._max_body_bytes)
        answer: asyncio.Future[Response] = self._loop.create_future()
        self._answer = answer
        limit = self._loop.call_at(end, self._time_out)
        try:
            # One segment for small requests; a large body is not copied to be joined.
            if len(body) < _MOST_JOINED_BYTES:
                self._transport.write(head + body)
            else:
                self._transport.writelines((head, body))
            return await answer
        except BaseException:
            self.abort()
            raise
        finally:
            limit.cancel()
            self._reader = self._answer = None

    def abort(self) -> None:
        """Close at once, whatever is under way."""
        self.usable = False
        if self._transport is not None:
            self._transport.abort()

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is no subclass
        self.usable = self.made = True

    def data_received(self, data: bytes) -> None:
        """Read on; what comes without a request is not ours, and ends the connection."""
        reader = self._reader
        if reader is None:
            self.abort()
            return
        self.answered = True
        try:
            reader.feed(data)
        except BadResponseError as exc:
            self._end(exc)
            return
        if reader.complete:
            # A response that overtakes its request leaves the rest of that on the connection.
            if not reader.reusable or (self._transport and self._transport.get_write_buffer_size()):
                self.abort()
            self._end(reader.response())

    def eof_received(self) -> None:
        """Carry nothing more: the server will not answer. The transport closes itself."""
        self.usable = False

    def connection_lost(self, exc: Exception | None) -> None:
        """End the response that is under way, if it ends so, and leave the pool."""
        self._transport = None
        self.usable = False
        if self._reader and not self._reader.complete:
            if exc is None:
                self._reader.feed_end()
            if self._reader.complete:
                self._end(self._reader.response())
            else:
                where = "in the middle of" if self.answered else "before"
                self._end(ConnectionLostError(f"the connection ended {where} the response"))
        self._lost(self)

    def _time_out(self) -> None:
        self._end(TimedOutError("the response was not complete in time"))

    def _end(self, outcome: Response | HttpError) -> None:
        """End the exchange that is under way; its connection outlives only a response."""
        if isinstance(outcome, HttpError):
            self.abort()
        if self._answer is None or self._answer.done():
            return
        if isinstance(outcome, HttpError):
            self._answer.set_exception(outcome)
        else:
            self._answer.set_result(outcome)
