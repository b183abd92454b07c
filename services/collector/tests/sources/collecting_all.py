"""Runs sources to their end, and again from each of their checkpoints."""

import json
from collections.abc import Callable, Iterable, Mapping
from contextlib import aclosing
from typing import Any

from services.collector.jobs import JsonObject, Reject
from services.collector.sources.base import Batch, Row, Source

type Opening = Callable[[], Source]


async def batches_of(
    source: Source, checkpoint: JsonObject | None = None, watermark: JsonObject | None = None
) -> list[Batch]:
    """Return all batches; checkpoint and watermark go through JSON, as through a database."""
    async with aclosing(  # type: ignore[type-var]
        source.batches(_through_json(checkpoint), _through_json(watermark))
    ) as batches:
        return [batch async for batch in batches]


def _through_json(value: JsonObject | None) -> JsonObject | None:
    if value is None:
        return None
    written: JsonObject = json.loads(json.dumps(value, allow_nan=False))
    return written


def rows_of(batches: Iterable[Batch]) -> list[Row]:
    """Return the rows of batches, one after another."""
    return [row for batch in batches for row in batch.rows]


def values_of(batches: Iterable[Batch]) -> list[Mapping[str, Any]]:
    """Return what is in the rows of batches."""
    return [row.values for row in rows_of(batches)]


def rejects_of(batches: Iterable[Batch]) -> list[Reject]:
    """Return the rejects of batches."""
    return [reject for batch in batches for reject in batch.rejects]


async def assert_resumes_exactly(opening: Opening) -> list[Batch]:
    """Check that one killed after any of its batches gives, with what follows, one whole run."""
    whole = await batches_of(opening())
    for number, last in enumerate(whole, 1):
        rest = await batches_of(opening(), last.checkpoint)
        together = [*whole[:number], *rest]
        assert rows_of(whole) == rows_of(together)
        assert rejects_of(whole) == rejects_of(together)
    return whole
