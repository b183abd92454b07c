"""Deliveries through a real Redis, and what they survive."""

import asyncio
import json
import signal
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from coredis import Redis
from prometheus_client import CollectorRegistry

from services.collector import redis_deliveries
from services.collector.redis_deliveries import RedisDeliveries
from services.collector.tests.worker.conftest import UNCLOSED, empty
from tools.redis_local.server import RedisLocal

SOON = 20.0

pytestmark = UNCLOSED


@pytest.fixture
def url(redis: RedisLocal, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of a Redis that gives deliveries of the dead to others soon."""
    monkeypatch.setattr(redis_deliveries, "_IDLE_SECONDS", 0.5)
    return redis.url


class Taken:
    """What a consumer took, and how to wait for more."""

    def __init__(self) -> None:
        self.job_ids: list[str] = []
        self._more = asyncio.Event()

    async def handler(self, job_id: str) -> None:
        """Take a delivery."""
        self.job_ids.append(job_id)
        self._more.set()

    async def wait_for(self, job_id: str) -> None:
        """Wait until a job was delivered."""
        async with asyncio.timeout(SOON):
            while job_id not in self.job_ids:
                self._more.clear()
                await self._more.wait()


@asynccontextmanager
async def connected(
    url: str, registry: CollectorRegistry | None = None
) -> AsyncIterator[tuple[RedisDeliveries, Taken]]:
    """Yield deliveries that are sent and taken by one process."""
    deliveries, taken = RedisDeliveries(url, registry=registry), Taken()
    async with deliveries.sending(), deliveries.consume(taken.handler):
        yield deliveries, taken


async def until(condition: Callable[[], bool]) -> None:
    """Wait for what another task brings about."""
    async with asyncio.timeout(SOON):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def keys(url: str) -> set[str]:
    """Return the names of all that Redis holds."""
    async with Redis.from_url(url, decode_responses=True) as client:
        return set(await client.keys())


async def test_what_one_process_sends_another_takes_once(url: str) -> None:
    sender, one, other = RedisDeliveries(url), RedisDeliveries(url), RedisDeliveries(url)
    taken, taken_too = Taken(), Taken()
    async with sender.sending(), one.consume(taken.handler), other.consume(taken_too.handler):
        sent = [f"{number:032x}" for number in range(50)]
        for job_id in sent:
            sender.deliver(job_id)
        await until(lambda: len(taken.job_ids) + len(taken_too.job_ids) >= len(sent))
    assert sorted(sent) == sorted(taken.job_ids + taken_too.job_ids)


async def test_a_job_that_waits_is_delivered_once_however_often_it_is_sent(url: str) -> None:
    sender = RedisDeliveries(url)
    for _ in range(5):
        sender.deliver("same")
    async with sender.sending():
        await until(lambda: not sender._waiting)
    async with connected(url) as (deliveries, taken):
        await taken.wait_for("same")
        deliveries.deliver("last")
        await taken.wait_for("last")
    assert ["last", "same"] == sorted(taken.job_ids)


async def test_redis_is_given_json_and_never_a_pickle(url: str) -> None:
    sender = RedisDeliveries(url)
    sender.deliver("job")
    async with sender.sending():
        await until(lambda: not sender._waiting)
    async with Redis.from_url(url, decode_responses=True) as client:
        task = await client.get(f"streaq:{redis_deliveries.QUEUE}:task:data:job")
    assert task is not None
    assert ["job"] == json.loads(task)["a"]


async def test_nothing_is_kept_in_redis_of_a_delivery_that_was_taken(url: str) -> None:
    async with connected(url) as (deliveries, taken):
        deliveries.deliver("job")
        await taken.wait_for("job")
        async with asyncio.timeout(SOON):
            while any("task" in key or "results" in key for key in await keys(url)):  # noqa: ASYNC110
                await asyncio.sleep(0.02)


async def test_what_is_delivered_before_redis_is_there_is_sent_when_it_is(
    redis: RedisLocal, url: str
) -> None:
    await asyncio.to_thread(redis.kill)
    async with connected(url) as (deliveries, taken):
        deliveries.deliver("early")
        await asyncio.sleep(0.3)
        assert [] == taken.job_ids
        await asyncio.to_thread(redis.restart)
        await taken.wait_for("early")


async def test_a_redis_that_is_never_there_stops_nobody() -> None:
    with socket.socket() as taken_port:
        taken_port.bind(("127.0.0.1", 0))
        registry = CollectorRegistry()
        url = f"redis://127.0.0.1:{taken_port.getsockname()[1]}"
        async with asyncio.timeout(SOON), connected(url, registry) as (deliveries, taken):
            for number in range(100):
                deliveries.deliver(str(number))
            await asyncio.sleep(0.5)
        assert [] == taken.job_ids
        assert 0 == registry.get_sample_value("collector_redis_connected", {"way": "sent"})


async def test_a_server_that_says_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redis_deliveries, "_ANSWER_SECONDS", 0.2)
    attempts = 0

    async def be_silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal attempts
        attempts += 1
        await reader.read(-1)
        writer.close()

    async with await asyncio.start_server(be_silent, "127.0.0.1") as silent:
        url = f"redis://127.0.0.1:{silent.sockets[0].getsockname()[1]}"
        async with connected(url):
            await until(lambda: attempts >= 4)


async def test_deliveries_go_on_after_redis_was_emptied(redis: RedisLocal, url: str) -> None:
    async with connected(url) as (deliveries, taken):
        deliveries.deliver("before")
        await taken.wait_for("before")
        empty(redis)
        await asyncio.sleep(0.05)
        deliveries.deliver("after")
        await taken.wait_for("after")


async def test_deliveries_go_on_after_redis_was_away_and_came_back_with_nothing(
    redis: RedisLocal, url: str
) -> None:
    registry = CollectorRegistry()

    def is_connected(way: str) -> bool:
        return 1 == registry.get_sample_value("collector_redis_connected", {"way": way})

    async with connected(url, registry) as (deliveries, taken):
        deliveries.deliver("before")
        await taken.wait_for("before")
        empty(redis)
        await asyncio.to_thread(redis.kill)
        await until(lambda: not is_connected("taken"))
        deliveries.deliver("meanwhile")
        await asyncio.to_thread(redis.restart)
        await taken.wait_for("meanwhile")
        deliveries.deliver("after")
        await taken.wait_for("after")
        assert is_connected("sent")
        assert is_connected("taken")
    assert not is_connected("sent")
    assert not is_connected("taken")
    assert 3 <= (registry.get_sample_value("collector_deliveries_total", {"way": "taken"}) or 0)


async def test_a_sender_with_nothing_to_send_knows_whether_it_could(
    redis: RedisLocal, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_deliveries, "_PING_SECONDS", 0.05)
    deliveries = RedisDeliveries(url)
    with pytest.raises(ConnectionError):
        await deliveries.probe()
    async with deliveries.sending():
        await until(lambda: deliveries._known.get("sent", False))
        await deliveries.probe()
        await asyncio.to_thread(redis.kill)
        await until(lambda: not deliveries._known["sent"])
        with pytest.raises(ConnectionError):
            await deliveries.probe()
        await asyncio.to_thread(redis.restart)
        await until(lambda: deliveries._known["sent"])


async def test_nonsense_in_redis_keeps_no_delivery_from_arriving(url: str) -> None:
    async with connected(url) as (deliveries, taken), Redis.from_url(url) as client:
        deliveries.deliver("before")
        await taken.wait_for("before")
        stream = f"streaq:{redis_deliveries.QUEUE}:queues:normal"
        await client.xadd(stream, {"task_id": "of nobody", "enqueue_time": 0})
        await client.set(f"streaq:{redis_deliveries.QUEUE}:task:data:bad", "\x80\x04 a pickle")
        await client.xadd(stream, {"task_id": "bad", "enqueue_time": 0})
        deliveries.deliver("after")
        await taken.wait_for("after")
        async with asyncio.timeout(SOON):
            while await client.xlen(stream):  # noqa: ASYNC110
                await asyncio.sleep(0.02)


async def test_signals_are_left_to_the_service(redis: RedisLocal, url: str) -> None:
    seen = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, seen.set)
    try:
        async with connected(url) as (deliveries, taken):
            deliveries.deliver("job")
            await taken.wait_for("job")
            await asyncio.to_thread(redis.restart)  # streaQ's worker ends and begins anew
            deliveries.deliver("again")
            await taken.wait_for("again")
            signal.raise_signal(signal.SIGTERM)
            async with asyncio.timeout(SOON):
                await seen.wait()
            deliveries.deliver("still")
            await taken.wait_for("still")
    finally:
        loop.remove_signal_handler(signal.SIGTERM)


async def test_the_calls_under_way_are_waited_for_at_the_end(url: str) -> None:
    deliveries = RedisDeliveries(url)
    begun, done = asyncio.Event(), asyncio.Event()

    async def handler(job_id: str) -> None:
        begun.set()
        await asyncio.sleep(0.2)
        done.set()

    async with deliveries.sending():
        async with deliveries.consume(handler):
            deliveries.deliver("job")
            async with asyncio.timeout(SOON):
                await begun.wait()
        assert done.is_set()


async def test_what_is_delivered_last_is_still_sent_at_the_end(url: str) -> None:
    deliveries = RedisDeliveries(url)
    registry = CollectorRegistry()
    deliveries = RedisDeliveries(url, registry=registry)
    async with deliveries.sending():
        await until(
            lambda: 1 == registry.get_sample_value("collector_redis_connected", {"way": "sent"})
        )
        deliveries.deliver("last")
    async with connected(url) as (_, taken):
        await taken.wait_for("last")


async def test_a_handler_that_fails_does_not_end_the_connection(url: str) -> None:
    deliveries = RedisDeliveries(url)
    taken = Taken()

    async def handler(job_id: str) -> None:
        if job_id == "bad":
            raise ValueError(job_id)
        await taken.handler(job_id)

    async with deliveries.sending(), deliveries.consume(handler):
        deliveries.deliver("bad")
        deliveries.deliver("good")
        await taken.wait_for("good")
