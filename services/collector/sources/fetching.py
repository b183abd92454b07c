"""One answer of an API: asked for politely, read within limits, or refused with a reason."""

import asyncio
import random
import time
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import aiohttp
from multidict import CIMultiDictProxy
from yarl import URL

from services.collector.sites import Sites
from services.collector.sources.base import SourceError
from services.collector.sources.connecting import Guard, open_session
from services.collector.sources.unpacking import TooLargeError, TruncatedError, Unpacker
from services.collector.triggers import ApiConfig

_TRIES = 4
_MOST_REDIRECTS = 5
_FIRST_PAUSE_SECONDS = 0.25
_LONGEST_PAUSE_SECONDS = 8.0
_LONGEST_WAIT_SECONDS = 30.0
"""A server that asks for more gets its peace from the job's own schedule."""
_LONGEST_ASKED_SECONDS = 86_400.0
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_LATER = frozenset({408, 425, 429})
_PIECE_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Page:
    """An answer with status 200."""

    url: URL
    """Where it came from in the end."""
    headers: CIMultiDictProxy[str]
    links: dict[str, URL]
    """Of its Link header, by relation."""
    body: bytes
    """Unpacked."""


class _LaterError(Exception):
    """This try failed; another may not."""

    def __init__(self, reason: str, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class Fetcher:
    """Asks one API. Use it as a context manager, in one task.

    Args:
        config: what is asked for.
        sites: the networks and limits.
        secret: the value for the config's `auth`, and the origins that may have it.
    """

    def __init__(
        self, config: ApiConfig, sites: Sites, *, secret: str | None, origins: frozenset[str]
    ) -> None:
        self._config = config
        self._limits = sites.limits
        self._secret = secret
        self._origins = origins
        self._guard = Guard(sites.networks)
        self._free_at = 0.0

    async def __aenter__(self) -> "Fetcher":
        headers = {"Accept": "application/json", "User-Agent": "granary-collector"}
        known = {name.lower() for name in self._config.headers}
        self._session = open_session(
            self._guard,
            {
                **{name: value for name, value in headers.items() if name.lower() not in known},
                **self._config.headers,
                "Accept-Encoding": "gzip, deflate",
            },
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def get(self, url: URL) -> Page:
        """Return the answer of `url`, after as many tries as are decent.

        Raises:
            SourceError: there is none that can be used.
        """
        for number in range(_TRIES):
            await self._turn()
            try:
                return await self._once(url)
            except _LaterError as error:
                asked = error.retry_after
                if number == _TRIES - 1 or (asked or 0) > _LONGEST_WAIT_SECONDS:
                    raise SourceError(
                        "source-unavailable", str(error), permanent=False, retry_after=asked
                    ) from None
                longest = min(_FIRST_PAUSE_SECONDS * 4**number, _LONGEST_PAUSE_SECONDS)
                await asyncio.sleep((asked or 0) + random.uniform(0, longest))  # noqa: S311
        raise AssertionError

    async def _turn(self) -> None:
        """Wait until the config's rate allows another request."""
        now = time.monotonic()
        await asyncio.sleep(max(0.0, self._free_at - now))
        self._free_at = max(now, self._free_at) + 1 / self._config.requests_per_second

    async def _once(self, url: URL) -> Page:
        self._guard.refused = None
        seconds = self._config.timeout_seconds
        try:
            async with asyncio.timeout(seconds):
                return await self._follow(url)
        except TimeoutError:
            raise _LaterError(f"the answer was not complete after {seconds:g} seconds") from None
        except (aiohttp.InvalidURL, UnicodeError):  # the latter of names that DNS cannot have
            raise SourceError(
                "bad-response", "an address has a host that cannot be one", permanent=True
            ) from None
        except (aiohttp.ClientError, OSError) as error:
            if self._guard.refused is not None:
                raise SourceError(
                    "forbidden-address", self._guard.refused, permanent=True
                ) from None
            # The name alone: messages of the libraries may quote what was sent.
            raise _LaterError(f"the connection failed: {type(error).__name__}") from None

    async def _follow(self, url: URL) -> Page:
        for _ in range(_MOST_REDIRECTS + 1):
            async with self._session.get(
                url, headers=self._headers_for(url), allow_redirects=False
            ) as response:
                if response.status not in _REDIRECTS or "Location" not in response.headers:
                    return await self._read(url, response)
                url = _redirected(url, response.headers["Location"])
        raise SourceError("bad-response", f"more than {_MOST_REDIRECTS} redirects", permanent=True)

    def _headers_for(self, url: URL) -> dict[str, str]:
        auth = self._config.auth
        if auth is None or self._secret is None or str(url.origin()) not in self._origins:
            return {}
        return {auth.header: f"{auth.scheme} {self._secret}".lstrip()}

    async def _read(self, url: URL, response: aiohttp.ClientResponse) -> Page:
        status = response.status
        if status in _LATER or status >= 500:
            raise _LaterError(f"it answered {status}", _retry_after(response.headers))
        if status != 200:
            raise SourceError("source-refuses", f"it answered {status}", permanent=True)
        coding = response.headers.get("Content-Encoding", "").strip().lower()
        try:
            unpacker = Unpacker(coding, self._limits.page_bytes)
            async for piece in response.content.iter_chunked(_PIECE_BYTES):
                unpacker.feed(piece)
            body = unpacker.whole()
        except TooLargeError as error:
            raise SourceError("too-large", f"an answer has {error}", permanent=True) from None
        except ValueError:
            raise SourceError(
                "bad-response",
                "an answer is packed otherwise than by gzip or deflate",
                permanent=True,
            ) from None
        except zlib.error:
            raise SourceError(
                "bad-response", f"an answer is not the {coding} that it says", permanent=True
            ) from None
        except TruncatedError:
            raise _LaterError("an answer ended too early") from None
        return Page(url, response.headers, _links(response), body)


def _redirected(url: URL, location: str) -> URL:
    try:
        target = url.join(URL(location)).with_fragment(None)
        fit = target.scheme in {"http", "https"} and bool(target.host)
    except ValueError:
        fit = False
    if not fit:
        raise SourceError("bad-response", "a redirect leads to no web address", permanent=True)
    if url.scheme == "https" and target.scheme != "https":
        raise SourceError("bad-response", "a redirect leads from https to http", permanent=True)
    return target


def _retry_after(headers: CIMultiDictProxy[str]) -> float | None:
    """Return the seconds that a server asks to wait, in either form of the header."""
    text = headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdigit():
        # More digits than any wait has.
        return min(float(text[:9]), _LONGEST_ASKED_SECONDS)
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    seconds = (at - datetime.now(UTC)).total_seconds()
    return min(max(seconds, 0.0), _LONGEST_ASKED_SECONDS)


def _links(response: aiohttp.ClientResponse) -> dict[str, URL]:
    try:
        return {
            relation: URL(str(link["url"]))
            for relations, link in response.links.items()
            for relation in relations.lower().split()
        }
    except ValueError:
        raise SourceError("bad-response", "a Link header leads nowhere", permanent=True) from None
