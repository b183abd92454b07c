"""Deliveries through Redis, to the workers of all machines.

streaQ carries them: a task is a job's id and nothing else, as JSON, and is done as soon as a worker
has taken it up, however long the job then takes. So Redis holds nothing that is worth keeping, and
may be emptied, restarted or away at any time. streaQ's worker ends with the first error of its
connection; here it is made anew until it works.
"""

import asyncio
import logging
import random
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any
from uuid import uuid4

import orjson
from anyio import TASK_STATUS_IGNORED, CancelScope, CapacityLimiter, create_task_group
from anyio.abc import TaskStatus
from anyio.streams.memory import MemoryObjectReceiveStream
from prometheus_client import CollectorRegistry, Counter, Gauge
from streaq import Worker
from streaq.types import StreamMessage

from libs.service_kit import get_logger
from libs.service_kit.metrics import shared_metric
from services.collector.deliveries import MOST_WAITING, Handler, call

log = get_logger(__name__)

# It logs every refused connection with its trace; here one line says so, and one when it is back.
logging.getLogger("coredis").setLevel(logging.CRITICAL)
logging.getLogger("streaq").setLevel(logging.ERROR)

QUEUE = "collector"

_TASK = "deliver"
_SECONDS_KEPT = 3_600
"""After them a delivery has long been found in the database."""
_IDLE_SECONDS = 10.0
"""How long streaQ lets a dead worker keep deliveries; also its longest read."""
_ANSWER_SECONDS = 15.0
"""Without an answer for longer, the connection is taken for lost: more than the longest read."""
_CONNECT_SECONDS = 2.0
_PING_SECONDS = 5.0
"""How often who has nothing to send makes sure that it could."""
_FIRST_PAUSE_SECONDS = 0.1
_LONGEST_PAUSE_SECONDS = 5.0


class RedisDeliveries:
    """Deliveries through Redis, best effort.

    Args:
        url: of Redis.
        concurrency: deliveries that a consumer takes up at once.
        registry: where deliveries, and whether Redis answers, are counted.
    """

    def __init__(
        self, url: str, *, concurrency: int = 4, registry: CollectorRegistry | None = None
    ) -> None:
        self._url = url
        self._concurrency = concurrency
        registry = registry if registry is not None else CollectorRegistry()
        # The oldest go first when Redis is away for long: they are found in the database soonest.
        self._waiting: deque[str] = deque(maxlen=MOST_WAITING)
        self._filled = asyncio.Event()
        self._emptied = asyncio.Event()
        self._emptied.set()
        self._name = uuid4().hex
        self._known: dict[str, bool] = {}
        self._counted = shared_metric(
            registry, Counter, "collector_deliveries_total", "Job ids through Redis", ("way",)
        )
        self._connected = shared_metric(
            registry,
            Gauge,
            "collector_redis_connected",
            "Whether Redis takes deliveries, or gives them",
            ("way",),
        )

    def deliver(self, job_id: str) -> None:
        """Tell the workers that a job is due, as soon as Redis takes it."""
        self._waiting.append(job_id)
        self._emptied.clear()
        self._filled.set()

    async def probe(self) -> None:
        """Raise ConnectionError unless Redis takes deliveries."""
        if not self._known.get("sent"):
            raise ConnectionError("Redis does not answer")

    @asynccontextmanager
    async def sending(self) -> AsyncIterator[None]:
        """Send what is delivered while the context lasts, and at its end what still waits."""
        is_over = asyncio.Event()
        task = asyncio.create_task(self._keep_up("sent", self._send, is_over))
        try:
            yield
        finally:
            # A job that a stopping worker gave back should not wait for the next look.
            with suppress(TimeoutError):
                async with asyncio.timeout(_CONNECT_SECONDS if self._known.get("sent") else 0):
                    await self._emptied.wait()
            is_over.set()
            await _ended(task)

    @asynccontextmanager
    async def consume(self, handler: Handler) -> AsyncIterator[None]:
        """Hand deliveries to `handler`, some at a time, while the context lasts."""
        under_way: set[asyncio.Task[None]] = set()

        async def receive(connected: Callable[[], None]) -> None:
            await self._receive(handler, under_way, connected)

        is_over = asyncio.Event()
        task = asyncio.create_task(self._keep_up("taken", receive, is_over))
        try:
            yield
        finally:
            is_over.set()
            await _ended(task)
            if under_way:
                await asyncio.wait(under_way)

    async def _keep_up(
        self,
        way: str,
        work: Callable[[Callable[[], None]], Awaitable[None]],
        is_over: asyncio.Event,
    ) -> None:
        """Do `work`, which tells when it is connected, again and again until it is over."""
        pause = _FIRST_PAUSE_SECONDS
        since: float | None = None

        def connected() -> None:
            nonlocal since
            since = asyncio.get_running_loop().time()
            self._note(way, None, is_connected=True)

        while not is_over.is_set():
            since = None
            error: BaseException = ConnectionError("it ended")
            try:
                await work(connected)
            except (Exception, asyncio.CancelledError) as exc:
                # Whichever it is: streaQ may end by a cancellation of its own, and cancelled in the
                # middle of an answer it may end by that one's error.
                error = exc
            self._note(way, None if is_over.is_set() else error)
            now = asyncio.get_running_loop().time()
            if since is not None and now - since > _LONGEST_PAUSE_SECONDS:
                pause = _FIRST_PAUSE_SECONDS
            with suppress(TimeoutError):
                async with asyncio.timeout(pause * random.uniform(0.5, 1)):  # noqa: S311 - no secret
                    await is_over.wait()
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)

    def _note(self, way: str, lost: BaseException | None, *, is_connected: bool = False) -> None:
        """Count whether Redis is connected, and log when that changes."""
        before = self._known.get(way)
        self._known[way] = is_connected
        self._connected.labels(way).set(is_connected)
        if is_connected and before is False:
            log.info("redis_back", way=way)
        if lost is not None and before is not False:
            log.warning("redis_lost", way=way, error=_in_words(lost))

    async def _send(self, connected: Callable[[], None]) -> None:
        streaq = self._streaq()
        deliver = streaq.task(name=_TASK, expire=_SECONDS_KEPT)(_nothing)
        async with streaq:
            connected()
            while True:
                while self._waiting:
                    job_id = self._waiting[0]
                    task = deliver.enqueue(job_id)
                    # Under its own id a job waits in Redis once, however often it is delivered.
                    task.id = job_id
                    await task
                    self._counted.labels("sent").inc()
                    if self._waiting[0] == job_id:  # it may have been pushed out meanwhile
                        self._waiting.popleft()
                self._emptied.set()
                self._filled.clear()
                try:
                    async with asyncio.timeout(_PING_SECONDS):
                        await self._filled.wait()
                except TimeoutError:
                    await streaq.redis.ping()

    async def _receive(
        self, handler: Handler, under_way: set[asyncio.Task[None]], connected: Callable[[], None]
    ) -> None:
        streaq = self._streaq()

        async def take(job_id: str) -> None:
            self._counted.labels("taken").inc()
            # A task of its own: the end of the connection must not cancel what takes up a job.
            task = asyncio.create_task(call(handler, job_id))
            under_way.add(task)
            task.add_done_callback(under_way.discard)
            await asyncio.wait([task])

        streaq.task(name=_TASK, expire=_SECONDS_KEPT, max_tries=None, silent=True, ttl=0)(take)
        async with create_task_group() as group:
            await group.start(streaq.run_async)
            connected()

    def _streaq(self) -> "_Worker":
        return _Worker(
            redis_url=self._url,
            redis_kwargs={"connect_timeout": _CONNECT_SECONDS, "stream_timeout": _ANSWER_SECONDS},
            concurrency=self._concurrency,
            prefetch=1,
            queue_name=QUEUE,
            serializer=_dumps,
            deserializer=orjson.loads,
            idle_timeout=_IDLE_SECONDS,
            # Consumers are kept in Redis by name: one a process, and not one a connection.
            id=self._name,
        )


class _Worker(Worker[None]):
    async def signal_handler(self, scope: CancelScope) -> None:
        """Leave signals to the service.

        streaQ 7.2 does not heed its `handle_signals`: it would take SIGTERM from the server, and
        leave the process without any handler when its connection is lost.
        """

    async def run_consumers(
        self,
        receive: MemoryObjectReceiveStream[StreamMessage],
        renew_scope: CancelScope,
        produce_scope: CancelScope,
        *,
        task_status: TaskStatus[CapacityLimiter] = TASK_STATUS_IGNORED,
    ) -> None:
        """Run consumers, and close their stream, which streaQ leaves open."""
        with receive:
            await super().run_consumers(
                receive, renew_scope, produce_scope, task_status=task_status
            )


def _dumps(value: Any) -> bytes:
    # streaQ also writes its own errors.
    return orjson.dumps(value, default=str)


async def _ended(task: asyncio.Task[None]) -> None:
    """Cancel a task until it heeds it."""
    while not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=1)


async def _nothing(job_id: str) -> None:
    """Stand for the workers' task where tasks are only sent."""


def _in_words(error: BaseException) -> str:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return f"{type(error).__name__}: {error}"
