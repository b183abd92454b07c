"""Both loads: due times, clients, bodies, latencies and errors."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from tools.bench.orders.load import Load, Orders, due_times

SKUS = [f"sku-{number}" for number in range(6)]


def test_orders_are_due_evenly_and_as_many_as_the_rate_says() -> None:
    assert [0, 0.25, 0.5, 0.75] == due_times(4, 1)


def test_orders_take_turns_through_the_skus() -> None:
    orders = Orders(SKUS, lines=4)

    first, second = orders.body(0), orders.body(1)

    assert SKUS[:4] == [line["sku"] for line in first["lines"]]
    assert [*SKUS[4:], *SKUS[:2]] == [line["sku"] for line in second["lines"]]


def test_more_lines_than_skus_are_refused() -> None:
    with pytest.raises(ValueError, match="7 lines"):
        Orders(SKUS, lines=7)


async def test_a_service_that_stalls_does_not_slow_the_load_and_its_wait_counts() -> None:
    started = asyncio.Event()
    keys = []

    async def answer(request: web.Request) -> web.Response:
        keys.append(request.headers["Idempotency-Key"])
        if not started.is_set():
            asyncio.get_running_loop().call_later(1, started.set)
        await started.wait()
        return web.json_response({"status": "CONFIRMED"}, status=201)

    async with _serving(answer) as url:
        answers = await Load(url, Orders(SKUS, lines=1)).run(rate=50, seconds=0.4)

    assert answers.errors == 0
    assert len(set(keys)) == 20
    # The first waited all of it, those that were due later less; none was sent later for it.
    assert max(answers.latencies_ms) > 990
    assert min(answers.latencies_ms) > 500
    assert max(answers.lateness_ms) < 500


@pytest.mark.parametrize(
    ("status", "state"), [(201, "PENDING"), (409, "CONFIRMED"), (500, "CONFIRMED")]
)
async def test_everything_but_a_confirmed_order_is_an_error(status: int, state: str) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.json_response({"status": state}, status=status)

    async with _serving(answer) as url:
        answers = await Load(url, Orders(SKUS, lines=1)).run(rate=20, seconds=0.1)

    assert (answers.errors, answers.latencies_ms) == (2, [])
    assert answers.problems[0].startswith(str(status))


async def test_each_client_of_a_closed_load_has_one_order_at_a_time_until_its_time_is_over() -> (
    None
):
    at_once: list[int] = []
    under_way = 0
    keys = set()

    async def answer(request: web.Request) -> web.Response:
        nonlocal under_way
        under_way += 1
        at_once.append(under_way)
        keys.add(request.headers["Idempotency-Key"])
        await asyncio.sleep(0.1)
        under_way -= 1
        return web.json_response({"status": "CONFIRMED"}, status=201)

    async with _serving(answer) as url:
        answers = await Load(url, Orders(SKUS, lines=1)).run_closed(clients=3, seconds=0.5)

    assert max(at_once) == 3
    # Three clients, five orders each at most; a machine that is busy gets fewer done.
    assert 6 <= len(answers.latencies_ms) <= 15
    assert len(keys) == len(answers.latencies_ms)
    assert answers.errors == 0
    assert min(answers.latencies_ms) >= 99
    # The orders that were under way are waited for, and so is the time.
    assert answers.seconds >= 0.5


async def test_a_client_of_a_closed_load_goes_on_after_an_error() -> None:
    async def answer(_: web.Request) -> web.Response:
        await asyncio.sleep(0.02)
        return web.json_response({}, status=503)

    async with _serving(answer) as url:
        answers = await Load(url, Orders(SKUS, lines=1)).run_closed(clients=1, seconds=0.3)

    assert answers.latencies_ms == []
    assert answers.errors > 2


async def test_a_service_that_is_away_is_an_error() -> None:
    async with _serving(None) as url:
        pass

    answers = await Load(url, Orders(SKUS, lines=1)).run(rate=20, seconds=0.1)

    assert answers.errors == 2


@asynccontextmanager
async def _serving(answer: object) -> AsyncIterator[str]:
    app = web.Application()
    if answer:
        app.router.add_post("/v1/orders", answer)  # type: ignore[arg-type]
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
