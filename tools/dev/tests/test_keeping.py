"""A killed program is started again, a few times; one that ends by itself is not."""

from __future__ import annotations

import asyncio
import os
import signal
import sys

import pytest

from tools.dev import keeping
from tools.dev.keeping import keep
from tools.dev.processes import Process

KILLED = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
ENDED = "raise SystemExit(3)"
WAITING = "input()"


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "FIRST_PAUSE_SECONDS", 0.001)


class Starts:
    """Starts these programs in turn, and remembers what `keep` says."""

    def __init__(self, *programs: str) -> None:
        self._programs = iter(programs)
        self.current: Process
        self.sentences: list[str] = []
        self.news = asyncio.Event()

    async def next(self) -> Process:
        command = [sys.executable, "-c", next(self._programs)]
        self.current = await Process.start("child", command, dict(os.environ), lambda *_: None)
        return self.current

    def say(self, sentence: str) -> None:
        self.sentences.append(sentence)
        self.news.set()


async def ready() -> None:
    """Be ready at once."""


async def never_ready() -> None:
    await asyncio.Event().wait()


async def test_a_killed_program_is_started_again_until_it_ends_by_itself() -> None:
    starts = Starts(KILLED, ENDED)
    last = await keep(await starts.next(), start=starts.next, ready=never_ready, say=starts.say)
    assert last is starts.current
    assert await last.ended() == 3
    assert starts.sentences == ["child was killed by SIGKILL; starting it again in 0.0 s"]


async def test_it_says_when_the_new_one_is_ready() -> None:
    starts = Starts(KILLED, WAITING)
    kept = asyncio.create_task(
        keep(await starts.next(), start=starts.next, ready=ready, say=starts.say)
    )
    async with asyncio.timeout(10):
        while len(starts.sentences) < 2:
            starts.news.clear()
            await starts.news.wait()
    assert starts.sentences[1].startswith("child is ready again after ")
    assert not kept.done()
    await starts.current.kill()
    kept.cancel()


async def test_a_program_that_is_killed_over_and_over_is_given_up() -> None:
    starts = Starts(*[KILLED] * 10)
    last = await keep(await starts.next(), start=starts.next, ready=never_ready, say=starts.say)
    assert await last.ended() == -signal.SIGKILL
    assert len(starts.sentences) == keeping.RESTARTS_PER_MINUTE + 1
    assert starts.sentences[-1] == "child was started again 5 times within a minute: enough"


async def test_kills_of_an_earlier_minute_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "MINUTE_SECONDS", 0)
    starts = Starts(*[KILLED] * 10, ENDED)
    last = await keep(await starts.next(), start=starts.next, ready=never_ready, say=starts.say)
    assert await last.ended() == 3
    assert len(starts.sentences) == 10
