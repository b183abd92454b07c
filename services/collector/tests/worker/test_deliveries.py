"""Deliveries within the process."""

import asyncio

from services.collector.deliveries import MOST_WAITING, InProcessDeliveries

SOON = 5.0


async def test_what_is_delivered_is_handed_over_in_order_also_what_came_before() -> None:
    deliveries = InProcessDeliveries()
    deliveries.deliver("first")
    seen: list[str] = []
    done = asyncio.Event()

    async def handler(job_id: str) -> None:
        seen.append(job_id)
        if job_id == "last":
            done.set()

    async with asyncio.timeout(SOON), deliveries.consume(handler):
        deliveries.deliver("second")
        deliveries.deliver("last")
        await done.wait()
    assert ["first", "second", "last"] == seen


async def test_a_handler_that_fails_is_called_with_the_next() -> None:
    deliveries = InProcessDeliveries()
    done = asyncio.Event()

    async def handler(job_id: str) -> None:
        if job_id == "bad":
            raise ValueError(job_id)
        done.set()

    async with asyncio.timeout(SOON), deliveries.consume(handler):
        deliveries.deliver("bad")
        deliveries.deliver("good")
        await done.wait()


async def test_the_call_under_way_is_waited_for_and_no_other_begins() -> None:
    deliveries = InProcessDeliveries()
    begun = asyncio.Event()
    seen: list[str] = []

    async def handler(job_id: str) -> None:
        begun.set()
        await asyncio.sleep(0.05)
        seen.append(job_id)

    async with asyncio.timeout(SOON):
        async with deliveries.consume(handler):
            deliveries.deliver("first")
            await begun.wait()
            deliveries.deliver("second")
        assert ["first"] == seen
        await asyncio.sleep(0.1)
    assert ["first"] == seen


async def test_more_deliveries_than_are_kept_are_let_go() -> None:
    deliveries = InProcessDeliveries()
    for number in range(MOST_WAITING + 1):
        deliveries.deliver(str(number))
    seen: list[str] = []
    done = asyncio.Event()

    async def handler(job_id: str) -> None:
        seen.append(job_id)
        if len(seen) == MOST_WAITING:
            done.set()

    async with asyncio.timeout(SOON), deliveries.consume(handler):
        await done.wait()
    assert str(MOST_WAITING - 1) == seen[-1]
