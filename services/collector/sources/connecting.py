"""Connections to nothing but what the site opens.

The address is checked when the socket for it is made: what a name resolved to a moment earlier, a
literal in any notation, and every redirect come through here.
"""

import socket
from collections.abc import Sequence
from typing import Any

import aiohttp

from services.collector.sources.addresses import Network, refusal

_CONNECT_SECONDS = 10.0


class ForbiddenAddressError(OSError):
    """The address of a connection is not one that the site opens."""


class Guard:
    """Makes sockets, and remembers why it last made none."""

    def __init__(self, networks: Sequence[Network]) -> None:
        self._networks = networks
        self.refused: str | None = None

    def __call__(self, address: tuple[Any, ...]) -> socket.socket:
        """Return a socket for an address as `getaddrinfo` gives it.

        Raises:
            ForbiddenAddressError: it must not be connected to.
        """
        family, kind, protocol, _, target = address
        reason = refusal(str(target[0]), self._networks)
        if reason is not None:
            self.refused = reason
            raise ForbiddenAddressError(reason)
        made = socket.socket(family, kind, protocol)
        made.setblocking(False)
        return made


def open_session(guard: Guard, headers: dict[str, str]) -> aiohttp.ClientSession:
    """Return a session that takes nothing from the environment and keeps nothing of servers."""
    return aiohttp.ClientSession(
        # A name is looked up for every connection; what is checked is what is connected to.
        connector=aiohttp.TCPConnector(socket_factory=guard, use_dns_cache=False, limit=4),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers=headers,
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_SECONDS),
        trust_env=False,
        auto_decompress=False,
    )
