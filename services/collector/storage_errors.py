"""What can go wrong between the collector and its database.

StorageError
├── StorageUnavailableError  the database does not answer, or not in time
├── SchemaError              the tables are not those that this version needs
├── QuotaExceededError       the client has as many jobs as it may
├── QueueFullError           as many jobs wait as may wait
├── KeyReusedError           the idempotency key belongs to another request
├── NotReplayableError       the job neither failed nor died
├── LeaseLostError           the worker does not hold the job any more
└── ResultsGoneError         the records went away while they were read
"""

from services.collector.jobs import JobState


class StorageError(Exception):
    """Base of everything that the collector's database raises on purpose."""


class StorageUnavailableError(StorageError):
    """The database does not answer, or not in time; whether a write happened is not known."""


class SchemaError(StorageError):
    """The tables are not those that this version needs; the message says what to run."""


class QuotaExceededError(StorageError):
    """The client has as many jobs as it may have, at once or a minute; nothing was written.

    Args:
        message: which of both, and the limit.
        retry_after: whole seconds after which it is worth asking again, at least 1.
    """

    def __init__(self, message: str, *, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class QueueFullError(StorageError):
    """As many jobs wait as may wait; nothing was written."""


class KeyReusedError(StorageError):
    """The client used the idempotency key for another request; nothing was written."""


class NotReplayableError(StorageError):
    """The job is in a state that cannot be replayed."""

    def __init__(self, job_id: str, state: JobState) -> None:
        super().__init__(f"job {job_id} is {state}: only a failed or dead job can be replayed")
        self.state = state


class LeaseLostError(StorageError):
    """The worker does not hold the job any more; nothing was written."""


class ResultsGoneError(StorageError):
    """The job was removed while its records were read: what was read is not all."""
