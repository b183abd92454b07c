"""Works on the jobs that are due: some at once, each under a lease, until it is told to stop."""

import asyncio
import os
import random
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from uuid import uuid4

from prometheus_client import CollectorRegistry

from libs.service_kit import get_logger
from services.collector.collecting import Attempt, AttemptLimits, Opener, Outcome, Reason
from services.collector.deliveries import Deliveries
from services.collector.leases import Claim, Leases
from services.collector.storage_errors import StorageUnavailableError
from services.collector.worker_metrics import WorkerMetrics

log = get_logger(__name__)

_CLAIM_SECONDS = 10.0


class Worker:
    """Takes jobs as they are delivered, and all that are due every few seconds.

    Args:
        opener: what gives sources and the secrets to keep out of what is written.
        concurrency: jobs worked on at once.
        poll_seconds: about the time between two looks for due jobs, when nothing is delivered.
        stop_seconds: how long jobs under way may take, at the end, to be given back.
    """

    def __init__(
        self,
        leases: Leases,
        deliveries: Deliveries,
        *,
        opener: Opener,
        limits: AttemptLimits | None = None,
        concurrency: int = 4,
        poll_seconds: float = 2.0,
        stop_seconds: float = 10.0,
        registry: CollectorRegistry | None = None,
    ) -> None:
        self.owner = f"{socket.gethostname()}:{os.getpid()}:{uuid4().hex[:8]}"
        self._leases = leases
        self._deliveries = deliveries
        self._opener = opener
        self._limits = limits or AttemptLimits()
        self._concurrency = concurrency
        self._poll_seconds = poll_seconds
        self._stop_seconds = stop_seconds
        self._metrics = WorkerMetrics(registry if registry is not None else CollectorRegistry())
        self._under_way: dict[asyncio.Task[None], Attempt] = {}
        self._taken = 0
        self._changed = asyncio.Event()
        self._stop = asyncio.Event()
        self._is_storage_away = False

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Work while the context lasts, then give back what is under way at its last batch."""
        looking = asyncio.create_task(self._look(), name="look_for_jobs")
        try:
            async with self._deliveries.consume(self._offer):
                try:
                    yield
                finally:
                    self._begin_stop()
        finally:
            # No longer claims anything: what began to stop above is all there is.
            await asyncio.wait([looking])
            await self._end_stop()

    def _begin_stop(self) -> None:
        self._stop.set()
        self._changed.set()
        for attempt in self._under_way.values():
            attempt.interrupt(Reason.STOPPING)

    async def _end_stop(self) -> None:
        if not self._under_way:
            return
        _, late = await asyncio.wait(list(self._under_way), timeout=self._stop_seconds)
        for task in late:
            task.cancel()
        if late:
            log.warning("jobs_left_to_their_leases", jobs=len(late), seconds=self._stop_seconds)
            await asyncio.wait(late)

    async def _look(self) -> None:
        """Take what is due in the database, delivered or not."""
        while not self._stop.is_set():
            if await self._has_room() and await self._take(None):
                continue
            wait = self._poll_seconds * random.uniform(0.5, 1.5)  # noqa: S311 - no secret
            with suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._stop.wait()

    async def _offer(self, job_id: str) -> None:
        """Take the job that is delivered, unless there is no room for so long that any worker will
        have found it in the database."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._poll_seconds):
                if not await self._has_room():
                    return
            await self._take(job_id)

    async def _has_room(self) -> bool:
        """Wait for room for a job, which then is the caller's; return False when to stop."""
        while not self._stop.is_set():
            if self._taken < self._concurrency:
                self._taken += 1
                return True
            self._changed.clear()
            await self._changed.wait()
        return False

    def _give_room(self) -> None:
        self._taken -= 1
        self._changed.set()

    async def _take(self, job_id: str | None) -> bool:
        """Claim a job, one that is due when none is named, with room that is the caller's."""
        claim = None
        try:
            # A worker has to be able to stop though a database says nothing at all.
            async with asyncio.timeout(_CLAIM_SECONDS):
                claim = await self._leases.claim(
                    self.owner,
                    self._limits.lease_seconds,
                    job_id,
                    max_attempts=self._limits.max_attempts,
                )
            self._note_storage(is_away=False)
        except (StorageUnavailableError, TimeoutError):
            self._note_storage(is_away=True)
        except Exception:
            log.exception("claim_failed")
        finally:
            if claim is None:
                self._give_room()
        if claim is not None:
            self._begin(claim)
        return claim is not None

    def _note_storage(self, *, is_away: bool) -> None:
        if is_away != self._is_storage_away:
            log.warning("storage_away") if is_away else log.info("storage_back")
        self._is_storage_away = is_away

    def _begin(self, claim: Claim) -> None:
        attempt = Attempt(
            self._leases,
            claim,
            opener=self._opener,
            limits=self._limits,
            metrics=self._metrics,
        )
        task = asyncio.create_task(self._work(attempt, claim), name=f"job {claim.job.job_id}")
        self._under_way[task] = attempt
        task.add_done_callback(self._under_way.pop)
        if self._stop.is_set():
            attempt.interrupt(Reason.STOPPING)

    async def _work(self, attempt: Attempt, claim: Claim) -> None:
        job = claim.job
        outcome = Outcome.LOST
        self._metrics.running.inc()
        log.info("job_taken", job_id=job.job_id, attempts=job.attempts)
        try:
            outcome = await attempt.run()
        except Exception:
            log.exception("attempt_failed", job_id=job.job_id)
        finally:
            self._metrics.running.dec()
            self._metrics.attempts.labels(outcome).inc()
            self._give_room()
            log.info("job_left", job_id=job.job_id, outcome=outcome)
        if outcome is Outcome.RELEASED:
            self._deliveries.deliver(job.job_id)
