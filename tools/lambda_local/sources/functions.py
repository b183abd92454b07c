"""What event sources call: a function, and how its answer to a batch is read."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator
from typing import Any, Protocol

PAYLOAD_BYTES = 6 * 1024 * 1024
"""Most that one call may carry (AWS Lambda quotas, "Invocation payload, synchronous")."""
_ENVELOPE_BYTES = 1024


class Invocation(Protocol):
    """The outcome of one call."""

    @property
    def payload(self) -> Any:
        """What the function returned."""

    @property
    def error(self) -> Any:
        """What went wrong, as Lambda words it; None when the function returned."""


class Function(Protocol):
    """A function that can be called; tools/lambda_local has one in the real runtime."""

    async def invoke(self, event: Any) -> Invocation:
        """Call it with an event."""


def payloads(records: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """Yield the records in order, in parts that one call can carry.

    A record that is too large by itself is a part of its own.
    """
    part: list[dict[str, Any]] = []
    size = _ENVELOPE_BYTES
    for record in records:
        more = len(json.dumps(record)) + 2
        if part and size + more > PAYLOAD_BYTES:
            yield part
            part, size = [], _ENVELOPE_BYTES
        part.append(record)
        size += more
    if part:
        yield part


def failed_items(invocation: Invocation, items: Collection[str], *, reported: bool) -> set[str]:
    """Return which items of a batch are to come again.

    With `reported` the answer is read as ReportBatchItemFailures has it (AWS Lambda developer
    guide, "Configuring partial batch response"): nothing, null or an empty list is success;
    an entry without a usable identifier, or one that names no item of the batch, fails them all.
    """
    if invocation.error is not None:
        return set(items)
    if not reported:
        return set()
    match invocation.payload:
        case None:
            return set()
        case {"batchItemFailures": list(entries)}:
            return _named(entries, items)
        case {"batchItemFailures": failures} if failures is not None:
            return set(items)
        case dict():
            return set()
        case _:
            return set(items)


def _named(entries: list[Any], items: Collection[str]) -> set[str]:
    failed = set()
    for entry in entries:
        identifier = entry.get("itemIdentifier") if isinstance(entry, dict) else None
        if not isinstance(identifier, str) or identifier not in items:
            return set(items)
        failed.add(identifier)
    return failed
