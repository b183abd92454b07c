"""A worker as a process: `python -m ... DATABASE_URL REDIS_URL` until SIGTERM.

REDIS_URL is empty for deliveries in the process. It writes one line for each batch that it asks
for: the number's job and the first number. A job's config says what happens at a batch.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack

from services.collector.collecting import AttemptLimits
from services.collector.database import open_database
from services.collector.deliveries import Deliveries, InProcessDeliveries
from services.collector.jobs import JsonObject, SourceType
from services.collector.leases import Leases
from services.collector.redis_deliveries import RedisDeliveries
from services.collector.tests.number_source import NumberSource
from services.collector.worker import Worker

LEASE_SECONDS = 2.0
MAX_ATTEMPTS = 2


class Opener:
    """Opens sources of numbers that are slow (`pause`), or kill their process (`kill_at`)."""

    def open_source(self, source_type: SourceType, config: JsonObject) -> NumberSource:
        """Return the source that a config says."""

        async def on_batch(first: int) -> None:
            print(config["name"], first, flush=True)
            if first == config.get("kill_at"):
                os.kill(os.getpid(), signal.SIGKILL)
            await asyncio.sleep(config.get("pause", 0))

        return NumberSource(config, on_batch)

    def secrets_of(self, source_type: SourceType, config: JsonObject) -> Sequence[str]:
        """Return that there are none."""
        return []


async def work(database_url: str, redis_url: str) -> None:
    """Work until SIGTERM."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(open_database(database_url))
        deliveries: Deliveries = InProcessDeliveries()
        if redis_url:
            deliveries = through_redis = RedisDeliveries(redis_url)
            await stack.enter_async_context(through_redis.sending())
        worker = Worker(
            Leases(database),
            deliveries,
            opener=Opener(),
            limits=AttemptLimits(
                lease_seconds=LEASE_SECONDS, max_attempts=MAX_ATTEMPTS, retry_seconds=0.01
            ),
            poll_seconds=0.2,
        )
        await stack.enter_async_context(worker.running())
        print("working", os.getpid(), flush=True)
        await stop.wait()


if __name__ == "__main__":
    asyncio.run(work(sys.argv[1], sys.argv[2]))
