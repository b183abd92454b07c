"""A stop loses no request, whatever the clients do."""

import asyncio
import random
import signal
import socket
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from libs.service_kit.connections import Connection, StoppableState, accept_rest
from libs.service_kit.testing import Service, running

APP = "libs.service_kit.tests.sample_app:app"
REQUEST = b"GET /things/1 HTTP/1.1\r\nHost: sample\r\n\r\n"
CLIENTS = 24


@dataclass
class Tally:
    """What the clients of one stop saw."""

    answered: int = 0
    under_load: asyncio.Event = field(default_factory=asyncio.Event)
    ends: Counter[str] = field(default_factory=Counter)


type Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def _exchange(streams: Streams, tally: Tally) -> bool:
    """Make one request. Return whether the server keeps the connection, raise when it is lost."""
    reader, writer = streams
    writer.write(REQUEST)
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 "), head
    lines = dict(line.split(b": ", 1) for line in head.lower().splitlines()[1:] if line)
    await reader.readexactly(int(lines[b"content-length"]))
    tally.answered += 1
    if tally.answered == 2 * CLIENTS:
        tally.under_load.set()
    return b"close" not in lines.get(b"connection", b"")


async def _one_connection_each(port: int, tally: Tally, think: Callable[[], float]) -> None:
    """Open a connection for every request, and wait a little before using it."""
    while True:
        streams = await asyncio.open_connection("127.0.0.1", port)
        try:
            await asyncio.sleep(think())
            await _exchange(streams, tally)
        except (ConnectionError, asyncio.IncompleteReadError) as lost:
            raise AssertionError(f"an open connection was lost: {lost!r}") from lost
        finally:
            streams[1].close()


async def _kept_connection(port: int, tally: Tally, think: Callable[[], float]) -> None:
    """Use a connection until an answer says that the server closes it."""
    while True:
        streams = await asyncio.open_connection("127.0.0.1", port)
        try:
            kept = True
            while kept:
                kept = await _exchange(streams, tally)
                await asyncio.sleep(think())
        except (ConnectionError, asyncio.IncompleteReadError) as lost:
            raise AssertionError(f"a kept connection was lost: {lost!r}") from lost
        finally:
            streams[1].close()


type Client = Callable[[int, Tally, Callable[[], float]], Awaitable[None]]


async def _hammer(service: Service, client: Client, think: Callable[[], float]) -> Tally:
    """Let clients go on until all are refused, with a stop in between."""
    tally = Tally()
    port = int(service.url.rpartition(":")[2])

    async def until_refused() -> None:
        try:
            await client(port, tally, think)
        except OSError as end:
            tally.ends[type(end).__name__] += 1

    clients = [asyncio.create_task(until_refused()) for _ in range(CLIENTS)]
    await tally.under_load.wait()
    service.process.send_signal(signal.SIGTERM)
    async with asyncio.timeout(60):
        await asyncio.gather(*clients)
    return tally


@pytest.mark.parametrize("client", [_one_connection_each, _kept_connection])
@pytest.mark.parametrize("longest_wait", [0, 0.05])
async def test_every_connection_is_answered_until_connections_are_refused(
    client: Client, longest_wait: float
) -> None:
    with running(APP, DRAIN_DELAY_SECONDS="0.3") as service:
        tally = await _hammer(service, client, lambda: random.uniform(0, longest_wait))
        code, errors = await asyncio.to_thread(service.end)
    assert (code, errors) == (0, "")
    assert tally.ends == {"ConnectionRefusedError": CLIENTS}
    events = [line["event"] for line in service.lines]
    requests = [line for line in service.lines if line["event"] == "request"]
    assert tally.answered == len(requests)
    assert events.index("dependencies_closed") > max(
        number for number, event in enumerate(events) if event == "request"
    )


def _connect(service: Service) -> socket.socket:
    return socket.create_connection(("127.0.0.1", int(service.url.rpartition(":")[2])), timeout=30)


def _use(kept: socket.socket) -> None:
    kept.sendall(REQUEST)
    answer = b""
    while not answer.endswith(b"}"):
        answer += kept.recv(65_536)
    assert answer.startswith(b"HTTP/1.1 200 ")


def _read_all(peer: socket.socket) -> bytes:
    answer = b""
    while part := peer.recv(65_536):
        answer += part
    return answer


def test_a_request_of_which_a_part_has_come_is_answered() -> None:
    with (
        running(APP, DRAIN_DELAY_SECONDS="0") as service,
        _connect(service) as fresh,
        _connect(service) as kept,
    ):
        _use(kept)
        for peer in (fresh, kept):
            peer.sendall(REQUEST[:20])
        time.sleep(1.1)  # not new any longer
        service.process.send_signal(signal.SIGTERM)
        service.wait_for("draining")
        time.sleep(0.4)  # now the listener is closed
        for peer in (fresh, kept):
            peer.sendall(REQUEST[20:])
            answer = _read_all(peer)
            assert answer.startswith(b"HTTP/1.1 200 "), answer
            assert b"connection: close\r\n" in answer.lower()
        assert service.end() == (0, "")


def test_a_new_connection_may_bring_its_request_a_little_later() -> None:
    with (
        running(APP, DRAIN_DELAY_SECONDS="0") as service,
        _connect(service) as kept,
        _connect(service) as fresh,
    ):
        _use(kept)
        service.process.send_signal(signal.SIGTERM)
        service.wait_for("draining")
        time.sleep(0.4)
        fresh.sendall(REQUEST)
        assert _read_all(fresh).startswith(b"HTTP/1.1 200 ")
        assert service.end() == (0, "")


async def _answer(_: Scope, __: Receive, send: Send) -> None:
    headers = [(b"content-length", b"2")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"{}"})


@asynccontextmanager
async def _connection_to(state: StoppableState) -> AsyncIterator[tuple[Streams, Connection]]:
    """Give both ends of a connection within this process."""
    config = uvicorn.Config(_answer, log_config=None)
    loop = asyncio.get_running_loop()
    made: asyncio.Queue[Connection] = asyncio.Queue()

    def make() -> Connection:
        connection = Connection(config, state, {})
        made.put_nowait(connection)
        return connection

    async with await loop.create_server(make, "127.0.0.1", 0) as server, asyncio.timeout(30):
        port = server.sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        yield (reader, writer), await made.get()
        writer.close()


@pytest.mark.parametrize("unread", [b"", REQUEST])
async def test_a_long_idle_connection_closes_unless_a_request_is_unread(unread: bytes) -> None:
    async with _connection_to(StoppableState()) as ((reader, writer), connection):
        writer.write(REQUEST)
        await reader.readuntil(b"{}")
        await asyncio.sleep(1.1)
        # Nothing is awaited from here on, so the server cannot have read it.
        writer.write(unread)
        connection.shutdown()
        assert bool(unread) == (await reader.read()).startswith(b"HTTP/1.1 200 ")


async def test_the_connection_accepted_last_closes_like_the_others() -> None:
    state = StoppableState()
    state.closing = True
    async with _connection_to(state) as ((reader, _), _), asyncio.timeout(3):
        assert b"" == await reader.read()


async def test_while_the_queue_empties_no_connection_is_added() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = listener.getsockname()
        with socket.create_connection(address) as early, listener.accept()[0] as accepted:
            await accept_rest([listener])
            # Its handshake goes unanswered: neither made, which would lose it, nor refused, yet.
            with pytest.raises(TimeoutError):
                socket.create_connection(address, timeout=0.3)
            early.sendall(b"still")
            assert b"still" == accepted.recv(5)


def test_idle_and_silent_connections_do_not_hold_up_the_stop() -> None:
    with (
        running(APP, DRAIN_DELAY_SECONDS="0", SHUTDOWN_GRACE_SECONDS="60") as service,
        _connect(service) as kept,
        _connect(service) as partial,
        _connect(service) as silent,
    ):
        _use(kept)
        partial.sendall(REQUEST[:20])
        started = time.monotonic()
        assert service.stop() == (0, "")
        assert time.monotonic() - started < 10
        assert b"" == kept.recv(1) == silent.recv(1)
