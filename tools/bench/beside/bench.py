"""What is measured: two services of one shape, and what is asked of both."""

import io
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

import aiohttp

PLATFORM = "platform"
PLAIN = "plain"


@dataclass(frozen=True, slots=True)
class Answered:
    """The answer to a request."""

    body: bytes
    headers: Mapping[str, str]


class AnswerError(Exception):
    """An answer is wrong, so that what it cost is worth nothing; the message says what is."""


type Ask = Callable[[aiohttp.ClientSession, str], Awaitable[Answered]]
"""Asks the service at a URL once, and raises AnswerError for an answer that is none."""
type Same = Callable[[Answered, Answered], None]
"""Raises AnswerError when the platform's answer and the plain service's do not mean the same."""


@dataclass(frozen=True, slots=True)
class Case:
    """One kind of work, asked of both services in turn."""

    name: str
    records: int
    """In one request; what is counted."""
    ask: Ask
    same: Same
    show: Ask | None = None
    """Asks for what is compared, when that is more than is measured; before the rounds, once."""
    clients: int = 4
    """Who ask at once, each again once it was answered, so that the service is never idle."""


@dataclass(frozen=True, slots=True)
class Side:
    """A service: how it is started."""

    arguments: Sequence[str]
    """For Python."""
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Bench:
    """Two services and the cases that both are asked."""

    title: str
    target: str
    """Of Bazel, for the report's command."""
    records: str
    """What the records are, in the plural."""
    sides: Mapping[str, Side]
    """The two services, by PLATFORM and PLAIN."""
    cases: Sequence[Case]


def post(path: str, body: bytes, media_type: str, **query: str) -> Ask:
    """Return what posts the same body each time."""

    async def ask(session: aiohttp.ClientSession, url: str) -> Answered:
        headers = {"Content-Type": media_type}
        async with session.post(
            url + path, data=io.BytesIO(body), headers=headers, params=query
        ) as answer:
            text = await answer.read()
            if not answer.ok:
                raise AnswerError(f"POST {path}: {answer.status} {text[:300]!r}")
            return Answered(text, answer.headers)

    return ask
