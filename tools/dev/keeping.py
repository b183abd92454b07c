"""Keep a service running: start it again when it was killed, as an orchestrator does."""

from __future__ import annotations

import asyncio
import collections
import signal
import time
from collections.abc import Awaitable, Callable

from tools.dev.processes import Process

RESTARTS_PER_MINUTE = 5
MINUTE_SECONDS = 60
FIRST_PAUSE_SECONDS = 0.2

type Say = Callable[[str], None]


async def keep(
    process: Process,
    *,
    start: Callable[[], Awaitable[Process]],
    ready: Callable[[], Awaitable[None]],
    say: Say,
) -> Process:
    """Watch a program, start it again whenever a signal ended it, and return the one that ends it.

    That is one which ended with a status of its own, for then it has something to say that a new
    start would only repeat, or one which was killed too often.

    Args:
        process: the running program.
        start: starts it anew.
        ready: waits until it can be used.
        say: is told what happens, a sentence at a time.
    """
    kills: collections.deque[float] = collections.deque()
    while True:
        status = await process.ended()
        if status >= 0:
            return process
        now = time.monotonic()
        while kills and now - kills[0] > MINUTE_SECONDS:
            kills.popleft()
        if len(kills) == RESTARTS_PER_MINUTE:
            say(f"{process.name} was started again {len(kills)} times within a minute: enough")
            return process
        pause = FIRST_PAUSE_SECONDS * 2 ** len(kills)
        kills.append(now)
        say(f"{process.name} {how_it_ended(status)}; starting it again in {pause:.1f} s")
        await asyncio.sleep(pause)
        process = await start()
        await _until_ready(process, ready, say, killed=now)


async def _until_ready(
    process: Process, ready: Callable[[], Awaitable[None]], say: Say, *, killed: float
) -> None:
    """Wait until a program is ready, and say so, or until it ended."""
    usable = asyncio.ensure_future(ready())
    ended = asyncio.ensure_future(process.ended())
    try:
        await asyncio.wait({usable, ended}, return_when=asyncio.FIRST_COMPLETED)
        if usable.done() and not ended.done():
            await usable
            say(f"{process.name} is ready again after {time.monotonic() - killed:.1f} s")
    finally:
        usable.cancel()
        ended.cancel()
        await asyncio.wait({usable, ended})


def how_it_ended(status: int) -> str:
    """Return what an exit status says, as the end of a sentence about a program."""
    return f"was killed by {signal.Signals(-status).name}" if status < 0 else f"ended with {status}"
