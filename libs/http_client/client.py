"""An HTTP/1.1 client for one server: a bounded pool of kept connections, and nothing around it.

No redirects, cookies, proxies or content codings: it is for services that call each other and AWS,
many times a second (docs/DECISIONS.md says why not a library).
"""

import asyncio
import ssl
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from libs.http_client.connection import Connection
from libs.http_client.errors import ConnectionLostError, NotConnectedError
from libs.http_client.messages import Response, render_head

_MOST_BODY_BYTES = 32 * 1024 * 1024
_CLOSE_SECONDS = 1.0


class HttpClient:
    """Connections to the server of `base_url`; use it as an async context manager.

    Args:
        base_url: scheme, host, port and a path that is put before every request's own.
        timeout_seconds: longest time for an exchange, from `request` to the whole response.
        connect_timeout_seconds: longest time for making a connection, within the former.
        max_connections: more requests at once wait for a free connection, first come first served.
        idle_seconds: a connection unused for longer is not used again; keep it below what the
            server and everything in between allows.
        max_body_bytes: a longer body of a response is an error.
        ssl_context: for https; the default trusts what the system trusts.
    """

    def __init__(
        self,
        base_url: str,
        *,
        timeout_seconds: float,
        connect_timeout_seconds: float = 1.0,
        max_connections: int = 100,
        idle_seconds: float = 15.0,
        max_body_bytes: int = _MOST_BODY_BYTES,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        parts = urlsplit(base_url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("a base URL starts with http:// or https:// and a host")
        if parts.username is not None or parts.query or parts.fragment:
            raise ValueError("a base URL has no user, query or fragment")
        if max_connections < 1:
            raise ValueError(f"max_connections is at least 1, not {max_connections}")
        secure = parts.scheme == "https"
        default_port = 443 if secure else 80
        self._address = parts.hostname
        self._port = parts.port or default_port
        host = f"[{self._address}]" if ":" in self._address else self._address
        self.host = host if self._port == default_port else f"{host}:{self._port}"
        """What the Host header says."""
        self.path = parts.path.rstrip("/")
        """What is put before every path."""
        self._ssl = (ssl_context or ssl.create_default_context()) if secure else None
        self._timeout_seconds = timeout_seconds
        self._connect_timeout_seconds = connect_timeout_seconds
        self._max_connections = max_connections
        self._idle_seconds = idle_seconds
        self._max_body_bytes = max_body_bytes
        self._idle: list[Connection] = []
        self._open: set[Connection] = set()
        self._slots = max_connections
        self._waiters: deque[asyncio.Future[Connection | None]] = deque()
        self._closing: asyncio.Event | None = None

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        self._closing = None
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close every connection; requests that are under way fail."""
        self._closing = asyncio.Event()
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_exception(NotConnectedError("the client is closed"))
        for connection in tuple(self._open):
            connection.abort()
        if self._open:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._closing.wait(), _CLOSE_SECONDS)

    async def request(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        timeout_seconds: float | None = None,
        repeatable: bool = False,
    ) -> Response:
        """Make one exchange and return its response, whatever the status.

        The server may close a kept connection just when it is used again. With `repeatable` such
        a request, of which no byte was answered, is sent once more on a new connection; without,
        it is a ConnectionLostError. Raise HttpError, or ValueError for what cannot be sent.
        """
        head = render_head(method, self.path + path, self.host, headers, len(body))
        seconds = self._timeout_seconds if timeout_seconds is None else timeout_seconds
        end = self._loop.time() + seconds
        no_body = method == "HEAD"
        connection = self._take_idle()
        kept = connection is not None
        if connection is None:
            connection, kept = await self._wait_for_connection(end)
        try:
            try:
                return await connection.exchange(head, body, no_body=no_body, end=end)
            except ConnectionLostError as exc:
                if not kept or connection.answered or (exc.sent and not repeatable):
                    raise
                lost = exc
            try:
                connection = await self._connect(end)
            except NotConnectedError as exc:
                raise lost from exc  # it knows whether the request went out
            return await connection.exchange(head, body, no_body=no_body, end=end)
        finally:
            self._release(connection)

    # The pool. A slot is the right to have one connection; it belongs to a request, to an idle
    # connection, or is free. While someone waits, no slot is free and no connection is idle.

    def _take_idle(self) -> Connection | None:
        """Return the idle connection used last: the others may close for want of use."""
        now = self._loop.time() if self._idle else 0
        while self._idle:
            connection = self._idle.pop()
            if connection.usable and now - connection.idle_since < self._idle_seconds:
                return connection
            connection.abort()
            self._slots += 1
        return None

    async def _wait_for_connection(self, end: float) -> tuple[Connection, bool]:
        """Return a connection, and whether it was used before."""
        if self._closing:
            raise NotConnectedError(f"the client of {self.host} is closed")
        try:
            async with asyncio.timeout_at(end):
                given = None
                if self._slots:
                    self._slots -= 1
                else:
                    given = await self._wait_for_turn()
                return (given, True) if given else (await self._take_slot(end), False)
        except TimeoutError:
            raise NotConnectedError(f"no connection to {self.host} was free in time") from None

    async def _take_slot(self, end: float) -> Connection:
        """Make a connection with a slot that the caller has; without success, free the slot."""
        try:
            return await self._connect(end)
        except BaseException:
            self._hand_on(None)
            raise

    async def _wait_for_turn(self) -> Connection | None:
        """Return a connection that was given back, or None for its slot."""
        waiter: asyncio.Future[Connection | None] = self._loop.create_future()
        self._waiters.append(waiter)
        try:
            return await waiter
        except asyncio.CancelledError:
            # Given and cancelled at once: what was given is someone else's.
            if waiter.done() and not waiter.cancelled() and not waiter.exception():
                self._hand_on(waiter.result())
            raise

    async def _connect(self, end: float) -> Connection:
        end = min(end, self._loop.time() + self._connect_timeout_seconds)
        connection = Connection(self._loop, self._forget, max_body_bytes=self._max_body_bytes)
        self._open.add(connection)
        try:
            async with asyncio.timeout_at(end):
                await self._loop.create_connection(
                    lambda: connection,
                    self._address,
                    self._port,
                    ssl=self._ssl,
                    server_hostname=self._address if self._ssl else None,
                )
        except (OSError, TimeoutError) as exc:
            self._drop(connection)
            problem = type(exc).__name__
            raise NotConnectedError(f"no connection to {self.host}: {problem}") from exc
        except BaseException:
            self._drop(connection)
            raise
        if self._closing:
            self._drop(connection)
            raise NotConnectedError(f"the client of {self.host} is closed")
        return connection

    def _drop(self, connection: Connection) -> None:
        """Give up a connection that was never made, or just now."""
        if connection.made:
            connection.abort()
        else:
            self._forget(connection)

    def _release(self, connection: Connection) -> None:
        """Take a connection back from its request, or the slot of one that is of no more use."""
        if connection.usable and not self._closing:
            connection.idle_since = self._loop.time()
            self._hand_on(connection)
        else:
            self._hand_on(None)

    def _hand_on(self, connection: Connection | None) -> None:
        """Give a connection or, by None, a slot to who has waited longest, else keep it."""
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                waiter.set_result(connection)
                return
        if connection is None:
            self._slots += 1
        else:
            self._idle.append(connection)

    def _forget(self, connection: Connection) -> None:
        """Note that a connection is gone; the slot of one in use is its request's to free."""
        self._open.discard(connection)
        if connection in self._idle:
            self._idle.remove(connection)
            self._hand_on(None)
        if self._closing and not self._open:
            self._closing.set()
