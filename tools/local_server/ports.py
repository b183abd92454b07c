"""Ports of loopback that stay one server's own, also while it is not running."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator

__all__ = ["HOST", "PortError", "kept_port"]

HOST = "127.0.0.1"


class PortError(Exception):
    """The port is another's; the message says which port and why."""


@contextlib.contextmanager
def kept_port(port: int = 0) -> Iterator[int]:
    """Keep a port while the context lasts, and let servers that set SO_REUSEADDR listen at it.

    Nothing else gets it between a server's end and its next start: not a program that asks for a
    free port, and not a client that connects to the port while nobody listens, which the kernel
    could otherwise connect to itself.

    Args:
        port: on 127.0.0.1; 0 takes a free one.

    Raises:
        PortError: somebody listens there, or may not be kept out.
    """
    with socket.socket() as keeper:
        # An option that was set before a free port is taken would let two keepers have the same.
        if port:
            keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            keeper.bind((HOST, port))
        except OSError as error:
            message = f"port {port} on {HOST} cannot be used ({error.strerror})"
            raise PortError(message) from error
        keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        yield keeper.getsockname()[1]
