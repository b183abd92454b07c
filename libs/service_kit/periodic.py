"""Work that a service does again and again beside its requests."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

from prometheus_client import CollectorRegistry, Counter

from libs.service_kit.logs import get_logger
from libs.service_kit.metrics import shared_metric

log = get_logger(__name__)

_GRACE_SECONDS = 5.0


class Periodic:
    """Work that is repeated while its context lasts."""

    def __init__(
        self,
        name: str,
        function: Callable[[], Awaitable[object]],
        *,
        runs: Counter | None,
    ) -> None:
        self._name = name
        self._function = function
        self._runs = runs
        self._wake = asyncio.Event()
        self._stopping = False

    def nudge(self) -> None:
        """Have the work done now, or once more after the call under way."""
        self._wake.set()

    def stop(self) -> None:
        """Let the call under way be the last."""
        self._stopping = True
        self._wake.set()

    async def repeat(self, seconds: float, jitter: float) -> None:
        """Do the work about every `seconds` until `stop`."""
        while not self._stopping:
            wait = seconds * random.uniform(1 - jitter, 1 + jitter)  # noqa: S311 - no secret
            with suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._wake.wait()
            self._wake.clear()
            if not self._stopping:
                await self._run()

    async def _run(self) -> None:
        outcome = "failed"
        try:
            await self._function()
            outcome = "succeeded"
        except Exception:
            log.exception("periodic_work_failed", work=self._name)
        except asyncio.CancelledError:
            # The end of something that the work waited for must not end the work for good.
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            log.exception("periodic_work_failed", work=self._name)
        finally:
            if self._runs:
                self._runs.labels(self._name, outcome).inc()


@asynccontextmanager
async def periodic(
    name: str,
    function: Callable[[], Awaitable[object]],
    *,
    seconds: float,
    jitter: float = 0.1,
    grace_seconds: float = _GRACE_SECONDS,
    registry: CollectorRegistry | None = None,
) -> AsyncIterator[Periodic]:
    """Call `function` about every `seconds` while the context lasts, one call at a time.

    A call that fails is logged, and the next comes as usual. At the end a call under way has
    `grace_seconds` to finish before it is cancelled.

    Args:
        jitter: The share by which waits vary, so that instances that started together do not stay
            in step.
        registry: Where calls are counted, by outcome.
    """
    runs = None
    if registry is not None:
        runs = shared_metric(
            registry, Counter, "periodic_runs_total", "Calls of repeated work", ("work", "outcome")
        )
    work = Periodic(name, function, runs=runs)
    task = asyncio.create_task(work.repeat(seconds, jitter), name=name)
    try:
        yield work
    finally:
        work.stop()
        _, late = await asyncio.wait([task], timeout=grace_seconds)
        if late:
            log.warning("periodic_work_cancelled", work=name, seconds=grace_seconds)
            task.cancel()
            await asyncio.wait([task])
