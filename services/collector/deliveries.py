"""How workers hear at once that a job is due.

A delivery is a hint and no more: the database says which jobs are due, and workers look there every
few seconds anyway. So a lost delivery costs seconds and never a job, and one too many costs a
query.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol

from libs.service_kit import get_logger

log = get_logger(__name__)

type Handler = Callable[[str], Awaitable[None]]
"""Is called with the id of a job that may be due. What it raises is logged."""

MOST_WAITING = 10_000
"""Deliveries that wait to be sent; what is beyond is found in the database."""


class Deliveries(Protocol):
    """A way from whoever makes a job due to the workers."""

    def deliver(self, job_id: str) -> None:
        """Tell the workers that a job is due. Returns at once and never fails."""
        ...

    def consume(self, handler: Handler) -> AbstractAsyncContextManager[None]:
        """Hand deliveries to `handler` while the context lasts.

        At its end the calls under way are waited for, so `handler` has to know when to give up.
        """
        ...


class InProcessDeliveries:
    """Deliveries to the worker of the same process."""

    def __init__(self) -> None:
        self._waiting: asyncio.Queue[str] = asyncio.Queue(MOST_WAITING)

    def deliver(self, job_id: str) -> None:
        """Tell the worker that a job is due."""
        if not self._waiting.full():
            self._waiting.put_nowait(job_id)

    @asynccontextmanager
    async def consume(self, handler: Handler) -> AsyncIterator[None]:
        """Hand deliveries to `handler`, one at a time, while the context lasts."""
        idle = asyncio.Event()

        async def hand_over() -> None:
            while not is_over:
                idle.set()
                job_id = await self._waiting.get()
                idle.clear()
                await call(handler, job_id)
            idle.set()

        is_over = False
        task = asyncio.create_task(hand_over(), name="deliveries")
        try:
            yield
        finally:
            is_over = True
            await idle.wait()
            task.cancel()
            await asyncio.wait([task])


async def call(handler: Handler, job_id: str) -> None:
    """Call a handler, and log what it raises."""
    try:
        await handler(job_id)
    except Exception:
        log.exception("delivery_failed", job_id=job_id)
