"""The cache: one fetch for all, in time, and a key used as long as it is good."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from libs.aws import credentials as module
from libs.aws.credentials import CredentialCache, Lease, NoCredentialsError, Source
from libs.aws.sigv4 import Credentials

NOW = 1_800_000_000.0


class Scripted:
    """A source that gives keys A, B, C and so on, each for `seconds`."""

    def __init__(self, seconds: float | None = 3_600) -> None:
        self.seconds = seconds
        self.fetches = 0
        self.broken = False

    async def fetch(self) -> Lease:
        self.fetches += 1
        await asyncio.sleep(0.001)
        if self.broken:
            raise NoCredentialsError("the agent says s3cret")
        key = Credentials(chr(ord("@") + self.fetches), "secret")
        return Lease(key, None if self.seconds is None else clock.now + self.seconds)


class Clock:
    """Wall-clock time as the tests set it."""

    now = NOW

    def time(self) -> float:
        return self.now


clock = Clock()


@pytest.fixture(autouse=True)
def _time(monkeypatch: pytest.MonkeyPatch) -> None:
    clock.now = NOW
    monkeypatch.setattr(module, "time", clock)


@asynccontextmanager
async def cache_of(*sources: Source) -> AsyncIterator[CredentialCache]:
    cache = CredentialCache(sources)
    try:
        yield cache
    finally:
        await cache.close()


async def key(cache: CredentialCache) -> str:
    return (await cache.get()).key_id


async def test_many_that_ask_at_once_make_one_fetch() -> None:
    source = Scripted()
    async with cache_of(source) as cache:
        assert ["A"] * 10 == await asyncio.gather(*(key(cache) for _ in range(10)))
        assert await key(cache) == "A"
    assert source.fetches == 1


async def test_a_caller_that_gives_up_does_not_end_the_fetch_of_the_others() -> None:
    source = Scripted()
    async with cache_of(source) as cache:
        first = asyncio.create_task(key(cache))
        second = asyncio.create_task(key(cache))
        await asyncio.sleep(0)
        first.cancel()
        assert await second == "A"
    assert source.fetches == 1


async def test_a_key_that_ends_soon_is_used_while_the_next_one_is_fetched() -> None:
    source = Scripted(seconds=3_600)
    async with cache_of(source) as cache:
        await cache.get()
        clock.now += 3_600 - 14 * 60
        assert await key(cache) == "A"
        await asyncio.sleep(0.02)
        assert await key(cache) == "B"
    assert source.fetches == 2


async def test_a_key_that_is_at_its_end_is_not_used_if_another_can_be_had() -> None:
    source = Scripted(seconds=3_600)
    async with cache_of(source) as cache:
        await cache.get()
        clock.now += 3_600 - 30
        assert await key(cache) == "B"


async def test_a_key_is_used_to_its_end_when_no_other_can_be_had() -> None:
    source = Scripted(seconds=3_600)
    async with cache_of(source) as cache:
        await cache.get()
        source.broken = True
        clock.now += 3_600 - 14 * 60
        for _ in range(20):
            assert await key(cache) == "A"
            await asyncio.sleep(0.002)
        assert source.fetches == 2  # with a pause between attempts
        clock.now += 13 * 60 + 30
        assert await key(cache) == "A"
        clock.now += 60
        with pytest.raises(NoCredentialsError):
            await cache.get()
        source.broken = False
        assert await key(cache) == chr(ord("@") + source.fetches)


async def test_a_key_that_a_service_calls_expired_is_fetched_anew_once() -> None:
    source = Scripted()
    async with cache_of(source) as cache:
        old = await cache.get()
        cache.invalidate(old)
        assert await key(cache) == "B"
        cache.invalidate(old)  # by a slower call that was signed with it
        assert await key(cache) == "B"


async def test_a_key_without_an_end_is_kept() -> None:
    source = Scripted(seconds=None)
    async with cache_of(source) as cache:
        old = await cache.get()
        clock.now += 10_000_000
        cache.invalidate(old)
        assert await key(cache) == "A"


async def test_the_first_source_that_has_a_key_stays_the_source() -> None:
    absent, present, unasked = Scripted(), Scripted(), Scripted()
    absent.broken = True
    async with cache_of(absent, present, unasked) as cache:
        cache.invalidate(await cache.get())
        assert await key(cache) == "B"
    assert (1, 2, 0) == (absent.fetches, present.fetches, unasked.fetches)


async def test_a_failed_fetch_is_logged_without_what_was_said(
    caplog: pytest.LogCaptureFixture,
) -> None:
    source = Scripted()
    source.broken = True
    async with cache_of(source) as cache:
        with caplog.at_level(logging.DEBUG), pytest.raises(NoCredentialsError):
            await cache.get()
    assert ["credentials_not_fetched: NoCredentialsError"] == [r.message for r in caplog.records]
