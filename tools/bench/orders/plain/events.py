"""Outbox items: events in the form that the platform's outbox tables have."""

import json
from datetime import UTC, datetime
from typing import Any
from zlib import crc32

from tools.bench.orders.plain.database import to_item


def now() -> str:
    """Return the present moment as the tables hold it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def event_item(
    kind: str, *, event_id: str, source: str, subject: str, sequence: int, data: dict[str, Any]
) -> dict[str, Any]:
    """Return the item of an event: a CloudEvent as text, and what a relay reads."""
    time = now()
    message = {
        "specversion": "1.0",
        "id": event_id,
        "source": source,
        "type": f"granary.{kind}.v1",
        "subject": subject,
        "time": time,
        "datacontenttype": "application/json",
        "partitionkey": subject,
        "sequence": f"{sequence:020}",
        "data": data,
    }
    item = {
        "shard": shard(subject),
        "position": f"{subject}#{sequence:020}",
        "id": event_id,
        "subject": subject,
        "sequence": sequence,
        "time": time,
        "message": json.dumps(message, separators=(",", ":")),
    }
    if sequence > 1:
        item["follows"] = sequence - 1
    return to_item(item)


def shard(subject: str) -> str:
    """Return one of eight partitions."""
    return str(crc32(subject.encode()) % 8)
