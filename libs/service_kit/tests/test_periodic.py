"""Repeated work: one call at a time, through failures, to an orderly end."""

import asyncio

import pytest
from prometheus_client import CollectorRegistry

from libs.service_kit import periodic


class Work:
    """Counts calls, and how many run at once."""

    def __init__(self, *, seconds: float = 0.0) -> None:
        self.calls = self.at_once = self.most_at_once = self.finished = 0
        self.failures: list[BaseException] = []
        self._seconds = seconds
        self._called = asyncio.Event()

    async def __call__(self) -> None:
        self.calls += 1
        self._called.set()
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await asyncio.sleep(self._seconds)
            if self.failures:
                raise self.failures.pop()
            self.finished += 1
        finally:
            self.at_once -= 1

    async def reaches(self, calls: int) -> None:
        """Wait for this many calls."""
        async with asyncio.timeout(5):
            while self.calls < calls:
                self._called.clear()
                await self._called.wait()


async def test_work_is_repeated_and_never_overlaps() -> None:
    work = Work(seconds=0.02)
    async with periodic("work", work, seconds=0.001):
        await work.reaches(4)
    assert work.most_at_once == 1
    assert work.at_once == 0
    calls = work.calls
    await asyncio.sleep(0.05)
    assert calls == work.calls


@pytest.mark.parametrize("failure", [RuntimeError("a bug"), asyncio.CancelledError("of another")])
async def test_a_failure_is_counted_and_the_next_call_comes(failure: BaseException) -> None:
    work = Work()
    work.failures = [failure]
    registry = CollectorRegistry()
    async with periodic("work", work, seconds=0.001, registry=registry):
        await work.reaches(3)
    counted = [
        registry.get_sample_value("periodic_runs_total", {"work": "work", "outcome": outcome})
        for outcome in ("failed", "succeeded")
    ]
    assert counted == [1, work.calls - 1]


async def test_two_kinds_of_work_share_a_registry() -> None:
    registry = CollectorRegistry()
    first, second = Work(), Work()
    async with (
        periodic("first", first, seconds=0.001, registry=registry),
        periodic("second", second, seconds=0.001, registry=registry),
    ):
        await first.reaches(1)
        await second.reaches(1)
    for name in ("first", "second"):
        labels = {"work": name, "outcome": "succeeded"}
        assert registry.get_sample_value("periodic_runs_total", labels)


async def test_a_nudge_does_not_wait_for_the_time() -> None:
    work = Work()
    async with periodic("work", work, seconds=60) as repeated:
        await asyncio.sleep(0.01)
        assert 0 == work.calls
        repeated.nudge()
        await work.reaches(1)
        repeated.nudge()
        await work.reaches(2)


async def test_a_nudge_during_a_call_makes_one_more() -> None:
    work = Work(seconds=0.02)
    async with periodic("work", work, seconds=60) as repeated:
        repeated.nudge()
        await work.reaches(1)
        repeated.nudge()
        repeated.nudge()
        await work.reaches(2)
        await asyncio.sleep(0.06)
    assert 2 == work.calls


async def test_the_end_waits_for_the_call_under_way() -> None:
    work = Work(seconds=0.05)
    async with periodic("work", work, seconds=60) as repeated:
        repeated.nudge()
        await work.reaches(1)
    assert (1, 1) == (work.calls, work.finished)


async def test_the_end_cancels_a_call_that_outlasts_the_grace() -> None:
    work = Work(seconds=60)
    async with periodic("work", work, seconds=60, grace_seconds=0.05) as repeated:
        repeated.nudge()
        await work.reaches(1)
    assert (0, 0) == (work.finished, work.at_once)


async def test_the_end_does_not_wait_for_the_time() -> None:
    async with asyncio.timeout(1), periodic("work", Work(), seconds=60):
        pass
