"""What tests feed the function: stream records, and a reference model of when stock is told of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from functions.stock_alert.decisions import Thresholds

THRESHOLDS = Thresholds(low=10, recovered=20)
MOMENT = "2025-01-02T03:04:05.678+00:00"


@dataclass(frozen=True)
class Step:
    """What becomes of a SKU's item: its units on hand, or None when it is removed."""

    sku: str
    on_hand: int | None


def image(sku: str, on_hand: int, version: int) -> dict[str, Any]:
    """Return an item of the inventory table as a record has it."""
    return {
        "sku": {"S": sku},
        "on_hand": {"N": str(on_hand)},
        "reserved": {"N": "0"},
        "sold": {"N": "0"},
        "set_at": {"N": "1735787045678000000"},
        "version": {"N": str(version)},
        "updated_at": {"S": MOMENT},
    }


def record(
    sku: str = "kettle",
    on_hand: int = 5,
    *,
    number: int = 1,
    version: int | None = None,
    kind: str = "MODIFY",
) -> dict[str, Any]:
    """Return a stream record; `number` is its place in the stream, and its version unless given."""
    images = {
        "OldImage" if kind == "REMOVE" else "NewImage": image(sku, on_hand, version or number)
    }
    return {
        "eventID": f"{number:032x}",
        "eventName": kind,
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "us-east-1",
        "dynamodb": {
            "ApproximateCreationDateTime": 1735787045.0,
            "Keys": {"sku": {"S": sku}},
            **images,
            "SequenceNumber": sequence_number(number),
            "SizeBytes": 100,
            "StreamViewType": "NEW_AND_OLD_IMAGES",
        },
        "eventSourceARN": "arn:aws:dynamodb:us-east-1:000000000000:table/inventory/stream/x",
    }


def sequence_number(number: int) -> str:
    """Return the sequence number of the record at that place."""
    return f"{100_000_000_000_000_000_000 + number}"


def alert_id(sku: str, number: int) -> str:
    """Return the id of the alert for the crossing that the record at that place tells of."""
    return f"{sku}.low.{sequence_number(number)}"


def records_of(steps: Sequence[Step]) -> list[dict[str, Any]]:
    """Return the stream of the steps; removing what is not there writes no record."""
    stream: list[dict[str, Any]] = []
    items: dict[str, tuple[int, int]] = {}
    for step in steps:
        number = len(stream) + 1
        version, on_hand = items.get(step.sku, (0, 0))
        if step.on_hand is not None:
            kind = "MODIFY" if version else "INSERT"
            items[step.sku] = (version + 1, step.on_hand)
            stream.append(
                record(step.sku, step.on_hand, number=number, version=version + 1, kind=kind)
            )
        elif items.pop(step.sku, None):
            stream.append(record(step.sku, on_hand, number=number, version=version, kind="REMOVE"))
    return stream


def crossings(stream: Sequence[dict[str, Any]], thresholds: Thresholds) -> list[str]:
    """Return the ids of the alerts that a stream read once, in order and without faults gives."""
    told: set[str] = set()
    ids = []
    for number, entry in enumerate(stream, start=1):
        sku = entry["dynamodb"]["Keys"]["sku"]["S"]
        new = entry["dynamodb"].get("NewImage")
        units = int(new["on_hand"]["N"]) if new else None
        if units is None or units >= thresholds.recovered:
            told.discard(sku)
        elif units <= thresholds.low and sku not in told:
            told.add(sku)
            ids.append(alert_id(sku, number))
    return ids
