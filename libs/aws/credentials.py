"""Where a service's access key comes from, kept until shortly before it expires.

A service gets its rights from where it runs: variables, the container (ECS tasks, EKS Pod
Identity), the instance. Files of a home folder are left out. The first place that has a key stays
the place.
"""

import asyncio
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from libs.aws.sigv4 import Credentials

log = logging.getLogger(__name__)

_SOON_SECONDS = 15 * 60
"""A key with less time left is replaced while it goes on being used."""
_NOW_SECONDS = 60
"""A key with less time left is used only when no other can be had."""
_PAUSE_SECONDS = 30
"""Between attempts to replace a key that can still be used."""


class NoCredentialsError(Exception):
    """No source has a key that is valid now."""


@dataclass(frozen=True, slots=True)
class Lease:
    """A key and the Unix time, in seconds, when it ends; None for one that does not."""

    credentials: Credentials
    expires_at: float | None


class Source(Protocol):
    """A place that may have a key."""

    async def fetch(self) -> Lease:
        """Return a key. Raise NoCredentialsError when this place has none to give."""


class CredentialCache:
    """The key to sign with, fetched from the first of `sources` that has one."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self._sources = list(sources)
        self._lease: Lease | None = None
        self._fresh_until = 0.0
        self._fetch: asyncio.Task[Lease] | None = None

    async def get(self) -> Credentials:
        """Return a key that is valid now. Raise NoCredentialsError.

        However many ask at once, one request is made; it ends though its first caller may not wait.
        """
        lease = self._lease
        now = time.time()
        if lease is not None:
            if now < self._fresh_until:
                return lease.credentials
            if lease.expires_at is not None and now < lease.expires_at - _NOW_SECONDS:
                self._start()
                return lease.credentials
        try:
            return (await asyncio.shield(self._start())).credentials
        except NoCredentialsError:
            if lease is self._lease and lease is not None and now < (lease.expires_at or 0):
                return lease.credentials
            raise

    def invalidate(self, credentials: Credentials) -> None:
        """Forget a key that a service called expired, unless it was replaced since."""
        lease = self._lease
        if lease and lease.credentials == credentials and lease.expires_at is not None:
            self._lease = None

    async def close(self) -> None:
        """Stop a fetch that is under way."""
        if self._fetch:
            self._fetch.cancel()
            await asyncio.wait({self._fetch})

    def _start(self) -> asyncio.Task[Lease]:
        if self._fetch is None:
            self._fetch = asyncio.create_task(self._refresh())
            self._fetch.add_done_callback(self._end)
        return self._fetch

    def _end(self, fetch: asyncio.Task[Lease]) -> None:
        self._fetch = None
        if not fetch.cancelled() and (error := fetch.exception()):
            # Its kind alone: what a source says may hold part of a key.
            log.warning("credentials_not_fetched: %s", type(error).__name__)

    async def _refresh(self) -> Lease:
        # Not again at once, if this fails.
        self._fresh_until = time.time() + _PAUSE_SECONDS if self._usable() else 0
        problems = []
        for source in self._sources:
            try:
                lease = await source.fetch()
            except NoCredentialsError as exc:
                problems.append(str(exc))
                continue
            self._sources = [source]
            self._lease = lease
            ends = lease.expires_at
            self._fresh_until = float("inf") if ends is None else ends - _SOON_SECONDS
            return lease
        raise NoCredentialsError("no credentials: " + "; ".join(problems))

    def _usable(self) -> bool:
        lease = self._lease
        return lease is not None and time.time() < (lease.expires_at or 0) - _NOW_SECONDS
