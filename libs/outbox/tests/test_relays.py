"""Several relays of one outbox: at once, one after another, killed, and stopped for a while."""

import asyncio
import os
import random
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from libs.dynamo import partition_of
from libs.outbox.sqs import REQUESTS_AT_ONCE
from libs.outbox.tests.conftest import Outbox, Queue
from libs.outbox.tests.events import chained
from libs.outbox.tests.gate import Gate
from libs.outbox.tests.test_relay import places, relay
from tools.sqs_local.server import SqsLocal

LEASE_SECONDS = 1.0


@asynccontextmanager
async def relay_process(
    outbox: Outbox, queue: Queue, gate: Gate | None = None
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a relay in a process of its own, and kill it in the end."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "libs.outbox.tests.relay_program",
        outbox.endpoint,
        outbox.table,
        queue.url(gate),
        str(LEASE_SECONDS),
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def write_chains(outbox: Outbox, subjects: list[str], length: int) -> None:
    """Write chains at once, each event of one after the event before it was written."""

    async def write(subject: str) -> None:
        for sequence in range(1, length + 1):
            await outbox.write(chained(subject, sequence))
            await asyncio.sleep(random.uniform(0, 0.02))

    async with asyncio.TaskGroup() as group:
        for subject in subjects:
            group.create_task(write(subject))


async def test_order_holds_with_many_writers_while_relays_come_and_go(
    outbox: Outbox, queue: Queue
) -> None:
    subjects = [f"s{number}" for number in range(60)]
    writing = asyncio.create_task(write_chains(outbox, subjects, length=6))
    async with relay(outbox, queue), relay(outbox, queue) as second:
        async with relay(outbox, queue):
            for subject in subjects[:20]:
                second.nudge(subject)
                await asyncio.sleep(0.02)
        await writing
    async with relay(outbox, queue):
        await outbox.emptied()
    assert places(await queue.received()) == {key: [1, 2, 3, 4, 5, 6] for key in subjects}


async def test_what_killed_relays_left_is_published_in_order(outbox: Outbox, queue: Queue) -> None:
    subjects = [f"s{number}" for number in range(120)]
    await write_chains(outbox, subjects, length=3)
    queue.gate.seconds = 0.1
    for count in (40, 120):
        async with relay_process(outbox, queue) as process:
            await queue.holds(count)
            process.kill()
        assert await outbox.waiting()
    queue.gate.seconds = 0
    async with relay(outbox, queue):
        await outbox.emptied()
    assert places(await queue.received()) == {key: [1, 2, 3] for key in subjects}


async def test_a_relay_that_was_stopped_for_longer_than_its_lease_sends_no_more(
    outbox: Outbox, queue: Queue, sqs: SqsLocal
) -> None:
    subjects = [f"s{number}" for number in range(200)]
    assert len({partition_of(subject) for subject in subjects}) > 1
    await write_chains(outbox, subjects, length=2)
    async with Gate.opened(sqs.port) as slow:
        slow.seconds = 0.1
        async with relay_process(outbox, queue, slow) as process:
            await queue.holds(40)
            process.send_signal(signal.SIGSTOP)
            async with relay(outbox, queue):
                await outbox.emptied()
                before = slow.passed
                process.send_signal(signal.SIGCONT)
                await asyncio.sleep(2 * LEASE_SECONDS)
                # What its loop had ready when it woke; every later request needs the lease.
                assert slow.passed - before <= REQUESTS_AT_ONCE
                await write_chains(outbox, ["late"], length=2)
                await outbox.emptied()
    assert places(await queue.received()) == {key: [1, 2] for key in [*subjects, "late"]}
