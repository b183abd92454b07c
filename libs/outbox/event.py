"""Events, and their form on the wire: CloudEvents 1.0 in JSON, with two extensions.

`partitionkey` names what the events are ordered by, and `sequence` the place in that order, as text
that sorts like the numbers (CloudEvents' documented extensions "Partitioning" and "Sequence").
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MAX_BYTES = 262_144
"""Largest event in its JSON form: what a message of the queue, and a whole batch, may have."""
_SEQUENCE_DIGITS = 20
# What a queue takes as deduplication id and as message group.
_NAME = re.compile(r"[!-~]{1,128}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened to a subject, for others to know.

    Raise ValueError for an id or subject that the queue would refuse, or an impossible sequence.
    """

    id: str
    """One for each event, the same however often it is told: consumers drop repeats by it."""
    type: str
    source: str
    subject: str
    """What it happened to; the events of one subject are published in order."""
    sequence: int
    """Place among the subject's events, from 0 on, growing."""
    follows: int | None
    """Sequence of the subject's event that is published before this one, None for a first."""
    time: str
    """When it happened: ISO 8601 in UTC, of the same width in all events of a service."""
    data: Mapping[str, Any]
    """What JSON can hold."""

    def __post_init__(self) -> None:
        """Refuse what could be written but never published."""
        for field in ("id", "subject"):
            if not _NAME.fullmatch(getattr(self, field)):
                raise ValueError(
                    f"event {field} {getattr(self, field)!r}: 1 to 128 visible ASCII characters"
                )
        if not 0 <= self.sequence < 10**_SEQUENCE_DIGITS:
            raise ValueError(f"event {self.id}: sequence {self.sequence} is out of range")
        if self.follows is not None and not 0 <= self.follows < self.sequence:
            raise ValueError(
                f"event {self.id}: it follows {self.follows}, which is not before {self.sequence}"
            )


def sequence_text(sequence: int) -> str:
    """Return a sequence as text that sorts like the numbers."""
    return f"{sequence:0{_SEQUENCE_DIGITS}}"


def cloud_event(event: Event, *, traceparent: str | None = None) -> dict[str, Any]:
    """Return the event as a CloudEvent in JSON form; `traceparent` is that of W3C Trace Context."""
    document: dict[str, Any] = {
        "specversion": "1.0",
        "id": event.id,
        "source": event.source,
        "type": event.type,
        "subject": event.subject,
        "time": event.time,
        "datacontenttype": "application/json",
        "partitionkey": event.subject,
        "sequence": sequence_text(event.sequence),
    }
    if traceparent:
        document["traceparent"] = traceparent
    document["data"] = event.data
    return document


def encode(event: Event, *, traceparent: str | None = None) -> str:
    """Return the message that tells of the event: JSON in ASCII, so characters are bytes.

    Escaped, every character is one that a queue takes. Raise ValueError above MAX_BYTES.
    """
    text = json.dumps(cloud_event(event, traceparent=traceparent), separators=(",", ":"))
    if len(text) > MAX_BYTES:
        raise ValueError(
            f"event {event.id} has {len(text)} bytes, over the {MAX_BYTES} of a message: give its "
            "data by reference"
        )
    return text
