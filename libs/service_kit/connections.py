"""A server's connections: limits on a request's head, and an end that loses no request.

A socket that is closed while it listens resets the connections that the kernel has made and nobody
has accepted. So new ones are refused first, then those made are accepted, then it is closed. A
connection that is closed with a request unread is reset as well, and so one that has brought a part
of a request, or was made or used a moment ago, stays open for the next.

Left to physics: a client that sends its next request when the connection has been idle for the
whole drain delay and for `_ARRIVAL_SECONDS` may do so just when it closes, and learns nothing of
its request's fate; HTTP/1.1 has no remedy but a repeat. The same is true of a handshake that takes
longer than `_HANDSHAKE_SECONDS`, and, where the kernel is not Linux, of one that ends in the moment
between the last accept and the close.
"""

import array
import asyncio
import ctypes
import fcntl
import select
import socket
import struct
import termios
from collections.abc import Sequence
from contextlib import suppress

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

_ARRIVAL_SECONDS = 1.0
"""How long a request may be on its way, from its first byte or the use before it on."""
_MOST_HEAD_BYTES = 65_536
_HEAD_SECONDS = 10.0
"""How long a request's line and headers may take from their first byte on."""
_HANDSHAKE_SECONDS = 0.1
_MOST_LOOKS = 500
"""At the queue, until it is empty; it stays full when the process is out of descriptors."""

_SO_ATTACH_FILTER = 26  # <asm-generic/socket.h>; Python has no name for it
_ANY_LENGTH = 0xFFFFFFFF
# Classic BPF over the TCP header: (code, jump if true, jump if false, operand).
_DROP_HANDSHAKES = (
    (0x30, 0, 0, 13),  # load the byte of flags
    (0x54, 0, 0, 0x12),  # keep SYN and ACK
    (0x15, 0, 1, 0x02),  # SYN alone?
    (0x06, 0, 0, 0),  # then drop the packet
    (0x06, 0, 0, _ANY_LENGTH),  # else pass it
)


class StoppableState(ServerState):
    """uvicorn's state of a server, and whether it is closing its connections."""

    closing = False


class Connection(HttpToolsProtocol):
    """uvicorn's connection, except that a request's head has limits and that a stop waits for a
    request that is on its way."""

    server_state: StoppableState
    _head_bytes = 0
    _head_end: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Note the time."""
        super().connection_made(transport)  # type: ignore[arg-type]
        self._made_at = self.loop.time()
        if self.server_state.closing:  # accepted last, and not among those that were told
            self.shutdown()
        # As after an answer: whoever connects and says nothing is not waited for without end.
        self.timeout_keep_alive_task = self.loop.call_later(
            self.timeout_keep_alive, self.timeout_keep_alive_handler
        )

    def data_received(self, data: bytes) -> None:
        """Read on, unless a head is too long or too slow; bodies have limits of their own."""
        super().data_received(data)
        if self.scope is (self.cycle.scope if self.cycle else None):
            if self._head_end:
                self._head_end.cancel()
                self._head_end = None
                self._head_bytes = 0
            return
        self._head_bytes += len(data)
        if self._head_end is None:
            self._head_end = self.loop.call_later(_HEAD_SECONDS, self._end_slow_head)
        if self._head_bytes > _MOST_HEAD_BYTES and not self.transport.is_closing():
            self.send_400_response("The request's head is too long.")

    def _end_slow_head(self) -> None:
        if not self.transport.is_closing():
            self.send_400_response("The request's head did not arrive in time.")

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        super().connection_lost(exc)
        if self._head_end:
            self._head_end.cancel()

    def shutdown(self) -> None:
        """Close after the answer to what has come or is about to, else at once."""
        wait = self._seconds_for_arrival()
        if wait > 0:
            # Its answer says that the connection closes, because the service is draining.
            self.loop.call_later(wait, super().shutdown)
        else:
            super().shutdown()

    def _seconds_for_arrival(self) -> float:
        if self.transport.is_closing() or (self.cycle and not self.cycle.response_complete):
            return 0
        answered = self.cycle.scope if self.cycle else None
        if self.scope is not answered or _has_unread(self.transport):
            return _ARRIVAL_SECONDS
        idle = self.timeout_keep_alive_task
        used_at = idle.when() - self.timeout_keep_alive if idle else self._made_at
        return used_at + _ARRIVAL_SECONDS - self.loop.time()


async def accept_rest(listeners: Sequence[socket.socket]) -> None:
    """Refuse new connections and let the loop accept all those that are made or being made.

    Clients whose handshake is dropped repeat it, a second later on Linux, and are then refused.
    """
    for listener in listeners:
        with suppress(OSError):  # not on Linux
            _drop_handshakes(listener)
    await asyncio.sleep(_HANDSHAKE_SECONDS)
    for _ in range(_MOST_LOOKS):
        if not _any_waits(listeners):
            return
        await asyncio.sleep(0.01)


def _drop_handshakes(listener: socket.socket) -> None:
    code = b"".join(struct.pack("HBBI", *step) for step in _DROP_HANDSHAKES)
    kept = ctypes.create_string_buffer(code)
    program = struct.pack("HP", len(_DROP_HANDSHAKES), ctypes.addressof(kept))
    listener.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, program)


def _any_waits(listeners: Sequence[socket.socket]) -> bool:
    poll = select.poll()
    for listener in listeners:
        poll.register(listener, select.POLLIN)
    return bool(poll.poll(0))


def _has_unread(transport: asyncio.Transport) -> bool:
    """Tell whether the kernel has bytes that the loop has not read yet."""
    count = array.array("i", [0])
    with suppress(OSError):
        fcntl.ioctl(transport.get_extra_info("socket").fileno(), termios.FIONREAD, count)
    return bool(count[0])
