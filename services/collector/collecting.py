"""One attempt of one job: read its source batch by batch, and store each with the place reached."""

import asyncio
import random
import traceback
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, cast

from libs.service_kit import get_logger
from services.collector.jobs import JobProblem, JsonObject, Record, SourceType
from services.collector.leases import Claim, Leases
from services.collector.redaction import Redactor
from services.collector.shaping import Shaper
from services.collector.sources.base import Batch, Source, SourceError
from services.collector.storage_errors import LeaseLostError, StorageUnavailableError
from services.collector.worker_metrics import WorkerMetrics

log = get_logger(__name__)

_FIRST_PAUSE_SECONDS = 0.1
_LONGEST_PAUSE_SECONDS = 2.0
_LONGEST_RETRY_AFTER_SECONDS = 86_400.0
_ROWS_AT_ONCE = 500
"""Shaped before other work of the process gets its turn: some milliseconds."""


class Reason(StrEnum):
    """Why an attempt ends before its source does."""

    CANCELLED = "cancelled"
    STOPPING = "stopping"
    """This worker stops; another goes on where it was."""
    LEASE_LOST = "lease_lost"
    TOO_LONG = "too_long"


class Outcome(StrEnum):
    """What became of an attempt."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    DEAD = "dead"
    RETRIED = "retried"
    CANCELLED = "cancelled"
    RELEASED = "released"
    LOST = "lost"
    """Another worker has the job, or will: this one did not get to write how it ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptLimits:
    """How long attempts may take, and how often they are made."""

    lease_seconds: float = 30.0
    """How long a worker that says nothing keeps its job; it speaks three times as often."""
    attempt_seconds: float = 21_600.0
    max_attempts: int = 5
    """Those in a row that stored nothing new."""
    retry_seconds: float = 2.0
    """About the first wait between attempts; each further one is twice as long."""
    longest_retry_seconds: float = 300.0


class Opener(Protocol):
    """What sources are opened with."""

    def open_source(self, source_type: SourceType, config: JsonObject) -> Source:
        """Return the source of a job. Raise SourceError when this site has none such."""
        ...

    def secrets_of(self, source_type: SourceType, config: JsonObject) -> Sequence[str]:
        """Return the values that must not be written. Raise SourceError without them."""
        ...


class Attempt:
    """An attempt of the job that a claim is for."""

    def __init__(
        self,
        leases: Leases,
        claim: Claim,
        *,
        opener: Opener,
        limits: AttemptLimits,
        metrics: WorkerMetrics,
    ) -> None:
        self._leases = leases
        self._claim = claim
        self._opener = opener
        self._limits = limits
        self._metrics = metrics
        self._redactor = Redactor(())
        self._shaper = Shaper(claim.job.config.get("shape") or {})
        self._log = log.bind(job_id=claim.job.job_id)
        self._reason: Reason | None = None
        self._reading: asyncio.Task[object] | None = None
        self._interrupted_reading = False
        self._has_progress = False
        self._reached = claim.checkpoint
        self._watermark: JsonObject | None = (claim.checkpoint or {}).get("watermark")

    def interrupt(self, reason: Reason) -> None:
        """End the attempt: at once while it waits for its source, else after the batch."""
        if self._reason is None or reason is Reason.LEASE_LOST:
            self._reason = reason
        if self._reading is not None and not self._interrupted_reading:
            self._interrupted_reading = True
            self._reading.cancel()

    async def run(self) -> Outcome:
        """Make the attempt, and write how it ended."""
        heartbeat = asyncio.create_task(self._heartbeat())
        limit = asyncio.get_running_loop().call_later(
            self._limits.attempt_seconds, self.interrupt, Reason.TOO_LONG
        )
        try:
            return await self._ended()
        except LeaseLostError:
            self._log.warning("lease_lost")
        except StorageUnavailableError:  # and this worker stops
            self._log.warning("job_left_to_its_lease")
        finally:
            limit.cancel()
            heartbeat.cancel()
            await asyncio.wait([heartbeat])
        return Outcome.LOST

    async def _ended(self) -> Outcome:
        claim = self._claim
        try:
            await self._collect()
        except _InterruptedError:
            return await self._end_interrupted()
        except SourceError as exc:
            problem = self._redactor.problem(JobProblem(exc.kind, exc.detail))
            if exc.permanent:
                await self._written(lambda: self._leases.fail(claim, problem))
                return Outcome.FAILED
            return await self._end_failed(problem, exc.retry_after)
        await self._written(lambda: self._leases.succeed(claim, self._watermark))
        return Outcome.SUCCEEDED

    async def _collect(self) -> None:
        """Store all that the source gives.

        Raises:
            SourceError: it stopped giving.
            _InterruptedError: somebody called `interrupt`.
        """
        job, checkpoint = self._claim.job, self._claim.checkpoint
        try:
            self._redactor = Redactor(self._opener.secrets_of(job.source_type, job.config))
            source = self._opener.open_source(job.source_type, job.config)
            at = checkpoint["at"] if checkpoint else None
            batches = source.batches(at, self._claim.watermark)
            async with aclosing(cast("AsyncGenerator[Batch]", batches)):
                while (batch := await self._next(batches)) is not None:
                    await self._store(batch)
        except (_InterruptedError, LeaseLostError, StorageUnavailableError):
            raise
        except Exception as exc:
            if self._reason is not None:  # a source may end in any way when it is interrupted
                raise _InterruptedError from exc
            if isinstance(exc, SourceError):
                raise
            # Not as `exc_info`: the message of a driver may well hold a password.
            trace = self._redactor.text("".join(traceback.format_exception(exc)))
            self._log.error("collecting_failed", trace=trace)
            raise SourceError(
                "internal-error",
                f"{type(exc).__name__} in the collector, whose log says more",
                permanent=False,
            ) from None

    async def _next(self, batches: AsyncIterator[Batch]) -> Batch | None:
        if self._reason is not None:
            raise _InterruptedError
        task = self._reading = asyncio.current_task()
        assert task is not None  # noqa: S101 - a coroutine runs in one
        try:
            return await anext(batches, None)
        except asyncio.CancelledError:
            if task.cancelling() > self._interrupted_reading:
                raise
            raise _InterruptedError from None
        finally:
            self._reading = None
            if self._interrupted_reading:
                task.uncancel()

    async def _store(self, batch: Batch) -> None:
        """Store a batch, or nothing of it and raise LeaseLostError."""
        records: list[Record] = []
        rejects = [self._redactor.reject(reject) for reject in batch.rejects]
        for number, row in enumerate(batch.rows, start=1):
            shaped = self._shaper.shaped(row)
            if isinstance(shaped, Record):
                records.append(self._redactor.record(shaped))
            else:
                rejects.append(self._redactor.reject(shaped))
            if number % _ROWS_AT_ONCE == 0:
                await asyncio.sleep(0)
        if batch.watermark is not None and self._redactor.is_clean(batch.watermark):
            self._watermark = batch.watermark
        before = self._reached
        # A place without its secret would be another place. To begin at the last place that can be
        # written reads some rows again, and stores them once all the same.
        if not batch.checkpoint:
            self._reached = None
        elif self._redactor.is_clean(batch.checkpoint):
            self._reached = {"at": batch.checkpoint, "watermark": self._watermark}
        stored = await self._written(
            lambda: self._leases.store(self._claim, records, rejects, self._reached)
        )
        self._metrics.records.inc(stored.new)
        self._metrics.rejects.inc(len(rejects))
        if stored.new or self._reached != before:
            self._has_progress = True
        if stored.cancel_requested:
            self.interrupt(Reason.CANCELLED)

    async def _end_interrupted(self) -> Outcome:
        claim = self._claim
        match self._reason:
            case Reason.CANCELLED:
                await self._written(lambda: self._leases.cancelled(claim))
                return Outcome.CANCELLED
            case Reason.TOO_LONG:
                problem = JobProblem(
                    "job-too-long",
                    f"it was not done after {self._limits.attempt_seconds:g} s; what is stored "
                    "stays, and a replay goes on from there",
                )
                await self._written(lambda: self._leases.fail(claim, problem))
                return Outcome.FAILED
            case Reason.STOPPING:
                await self._written(lambda: self._leases.release(claim))
                return Outcome.RELEASED
        raise LeaseLostError

    async def _end_failed(self, problem: JobProblem, retry_after: float | None) -> Outcome:
        claim, limits = self._claim, self._limits
        attempts = 0 if self._has_progress else claim.job.attempts
        if attempts >= limits.max_attempts:
            await self._written(lambda: self._leases.die(claim, problem))
            return Outcome.DEAD
        longest = min(
            limits.retry_seconds * 2 ** max(attempts - 1, 0), limits.longest_retry_seconds
        )
        # From nothing to the longest, so that jobs that failed together do not come back together.
        seconds = random.uniform(0, longest)  # noqa: S311 - no secret
        seconds += min(max(retry_after or 0.0, 0.0), _LONGEST_RETRY_AFTER_SECONDS)
        await self._written(lambda: self._leases.retry(claim, problem, seconds))
        return Outcome.RETRIED

    async def _written[T](self, write: Callable[[], Awaitable[T]]) -> T:
        """Write to the database, however long it is away: while the lease is ours, no work is lost.

        Raises:
            LeaseLostError: another worker has taken the job.
            StorageUnavailableError: the database is away, and this worker stops.
        """
        pause = _FIRST_PAUSE_SECONDS
        while True:
            try:
                return await write()
            except StorageUnavailableError:
                if self._reason is Reason.STOPPING:
                    raise
                self._metrics.storage_waits.inc()
                if pause == _FIRST_PAUSE_SECONDS:
                    self._log.warning("storage_waited_for")
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)

    async def _heartbeat(self) -> None:
        lease_seconds = self._limits.lease_seconds
        while True:
            await asyncio.sleep(lease_seconds / 3)
            try:
                async with asyncio.timeout(lease_seconds):
                    if await self._leases.renew(self._claim, lease_seconds):
                        self.interrupt(Reason.CANCELLED)
            except LeaseLostError:
                self.interrupt(Reason.LEASE_LOST)
                return
            except (StorageUnavailableError, TimeoutError):
                self._metrics.storage_waits.inc()
            except Exception:
                self._log.exception("heartbeat_failed")


class _InterruptedError(Exception):
    """The attempt is over because of its `_reason`."""
