"""What is done again and again beside the jobs: old ones are forgotten, and all are counted."""

from prometheus_client import CollectorRegistry, Gauge

from libs.service_kit import get_logger
from services.collector.job_store import JobStore
from services.collector.jobs import JobState
from services.collector.storage_errors import StorageUnavailableError

log = get_logger(__name__)

_SECONDS_A_DAY = 86_400
_AT_ONCE = 10
"""Jobs that are removed in one transaction, each with all of its records."""


class Upkeep:
    """The periodic work of one process; any number of processes may do it at once."""

    def __init__(
        self, store: JobStore, *, retention_days: int, registry: CollectorRegistry
    ) -> None:
        self._store = store
        self._retention_days = retention_days
        self._jobs = Gauge(
            "collector_jobs",
            "Jobs in the database, by what they are at",
            ["status"],
            registry=registry,
        )
        self._oldest_due = Gauge(
            "collector_oldest_due_seconds",
            "For how long the job that waits longest could have been worked on",
            registry=registry,
        )

    async def count(self) -> None:
        """Bring the gauges up to date, if the database answers."""
        try:
            counts = await self._store.counts()
            oldest = await self._store.oldest_due_seconds()
        except StorageUnavailableError as error:
            log.warning("jobs_not_counted", problem=str(error))
            return
        for state in JobState:
            self._jobs.labels(state.value).set(counts[state])
        self._oldest_due.set(oldest)

    async def prune(self) -> None:
        """Remove the jobs that ended longer ago than they are kept, with their results."""
        seconds = self._retention_days * _SECONDS_A_DAY
        removed = 0
        try:
            while found := await self._store.prune(seconds, _AT_ONCE):
                removed += found
        except StorageUnavailableError as error:
            log.warning("jobs_not_pruned", problem=str(error))
        if removed:
            log.info("jobs_pruned", jobs=removed, days=self._retention_days)
