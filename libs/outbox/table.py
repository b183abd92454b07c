"""The outbox table: events that were written with the change that they tell of, spread over the
partitions by their subject."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from libs.dynamo import Item, Put, TableSpec, partition_of, whole_number
from libs.outbox.event import Event, encode, sequence_text
from libs.service_kit import trace_headers

OUTBOX = TableSpec(partition_key="shard", sort_key="position")


def record(event: Event, *, table: str) -> Put:
    """Return the write of an event, for the transaction with the change that it tells of.

    The message is made here and now, in the present trace if there is one, so that a reader of the
    outbox has only to pass it on.
    Raise ValueError for an event that no message can hold.
    """
    item: dict[str, object] = {
        "shard": partition_of(event.subject),
        "position": position_of(event.subject, event.sequence),
        "id": event.id,
        "subject": event.subject,
        "sequence": event.sequence,
        "time": event.time,
        "message": encode(event, traceparent=trace_headers().get("traceparent")),
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
            sequence=whole_number(item["sequence"]),
            follows=None if follows is None else whole_number(follows),
            time=str(item["time"]),
            message=str(item["message"]),
        )

    @property
    def key(self) -> Mapping[str, str]:
        """The item's key."""
        return key_of(self.subject, self.sequence)


def position_of(subject: str, sequence: int) -> str:
    """Return the sort key of an event: a subject's events lie together, in order."""
    return f"{subject}#{sequence_text(sequence)}"


def key_of(subject: str, sequence: int) -> dict[str, str]:
    """Return the key of an event's item."""
    return {"shard": partition_of(subject), "position": position_of(subject, sequence)}
