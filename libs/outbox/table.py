"""The outbox table: events that were written with the change that they tell of.

One partition of DynamoDB takes 1,000 writes a second, so the events are spread over a few by their
subject: few, because the relay reads each of them however little is in it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self
from zlib import crc32

from libs.dynamo import Item, Put, TableSpec
from libs.outbox.event import Event, encode, sequence_text

OUTBOX = TableSpec(partition_key="shard", sort_key="position")
SHARDS = tuple(str(number) for number in range(8))


def record(event: Event, *, table: str, traceparent: str | None = None) -> Put:
    """Return the write of an event, for the transaction with the change that it tells of.

    The message is made here and now, so that a reader of the outbox has only to pass it on.
    Raise ValueError for an event that no message can hold.
    """
    item: dict[str, object] = {
        "shard": shard_of(event.subject),
        "position": position_of(event.subject, event.sequence),
        "id": event.id,
        "subject": event.subject,
        "sequence": event.sequence,
        "time": event.time,
        "message": encode(event, traceparent=traceparent),
    }
    if event.follows is not None:
        item["follows"] = event.follows
    return Put(table=table, item=item)


@dataclass(frozen=True, slots=True)
class Waiting:
    """An event of the outbox, as far as publishing needs to know it."""

    id: str
    subject: str
    sequence: int
    follows: int | None
    time: str
    message: str

    @classmethod
    def from_item(cls, item: Item) -> Self:
        """Return the event of an item that `record` wrote."""
        follows = item.get("follows")
        return cls(
            id=str(item["id"]),
            subject=str(item["subject"]),
            sequence=_whole(item["sequence"]),
            follows=None if follows is None else _whole(follows),
            time=str(item["time"]),
            message=str(item["message"]),
        )

    @property
    def key(self) -> Mapping[str, str]:
        """The item's key."""
        return key_of(self.subject, self.sequence)


def shard_of(subject: str) -> str:
    """Return the partition that holds the events of a subject."""
    return SHARDS[crc32(subject.encode()) % len(SHARDS)]


def position_of(subject: str, sequence: int) -> str:
    """Return the sort key of an event: a subject's events lie together, in order."""
    return f"{subject}#{sequence_text(sequence)}"


def key_of(subject: str, sequence: int) -> dict[str, str]:
    """Return the key of an event's item."""
    return {"shard": shard_of(subject), "position": position_of(subject, sequence)}


def _whole(value: object) -> int:
    if not isinstance(value, int):
        raise TypeError(f"the outbox holds {value!r} where a whole number belongs")
    return value
