"""What every source of records gives: batches that each say where to go on."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from services.collector.jobs import JsonObject, Reject


@dataclass(frozen=True, slots=True)
class Row:
    """One row as its source gave it."""

    position: str
    """As in `Reject`."""
    values: Mapping[str, Any]
    """What `orjson` writes, and Decimal, bytes, dates and times."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows that are stored together with the place to go on from, or not at all."""

    rows: Sequence[Row]
    checkpoint: JsonObject
    """Given back to `batches` by a later attempt; JSON, without secrets."""
    rejects: Sequence[Reject] = field(default=())
    """Rows that could not even be read."""
    watermark: JsonObject | None = None
    """What the next job of the same series starts after; kept when the job succeeds."""


class Source(Protocol):
    """A place that records are collected from, for one attempt of one job."""

    def batches(
        self, checkpoint: JsonObject | None, watermark: JsonObject | None
    ) -> AsyncIterator[Batch]:
        """Give the rows after `checkpoint` or, at a job's first attempt, after `watermark`.

        Raises:
            SourceError: the source does not give them.
        """
        ...


class SourceError(Exception):
    """A source does not give its rows; the message holds no secret.

    Args:
        kind: a stable name, such as `source-unavailable`.
        detail: what happened, for the one who asked for the job.
        permanent: whether another attempt would fail the same way.
        retry_after: seconds that the source asked to wait.
    """

    def __init__(
        self, kind: str, detail: str, *, permanent: bool, retry_after: float | None = None
    ) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.permanent = permanent
        self.retry_after = retry_after
