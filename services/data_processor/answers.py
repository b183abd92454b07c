"""What `POST /v1/transform` takes and answers, beside the pipeline."""

from typing import Annotated, Any

import orjson
from pydantic import Field

from libs.contracts.models import RequestModel, ResponseModel
from libs.contracts.records import RecordOut
from services.data_processor.aggregates import Group
from services.data_processor.pipeline import Pipeline

MOST_RECORDS = 10_000

_RECORD = {
    "description": "A record as `RecordIn` of the contract records.v1; others become rejects.",
    "examples": [
        {
            "record_id": "till-7/2026-11-20/41",
            "source": "tills",
            "sku": "APPLE",
            "kind": "sale",
            "quantity": 2.5,
            "unit": "lb",
            "price": "1.99",
            "currency": "USD",
            "occurred_at": "2026-11-20T11:00:00+01:00",
        }
    ],
}


class TransformIn(RequestModel):
    """Records, and what is to be done to them."""

    pipeline: Pipeline = Field(default_factory=list)
    records: Annotated[
        list[Annotated[Any, Field(json_schema_extra=_RECORD)]], Field(max_length=MOST_RECORDS)
    ]


def read_shortly(body: bytes) -> TransformIn | None:
    """Return a request that is well-formed; None leaves it to the framework, which takes NaN, too.

    Reading first and validating then takes half the time of doing both at once.
    """
    try:
        return TransformIn.model_validate(orjson.loads(body))
    except ValueError:
        return None


class RejectOut(ResponseModel):
    """One thing that is wrong with one row; a row may have several."""

    row: int
    """From 1: the record's place in the request, the line of an NDJSON file, the row of data of
    another one."""
    field: str | None
    """Null when it is the row as a whole."""
    code: str
    reason: str


class Summary(ResponseModel):
    """What became of the rows: received = rejected + duplicates + those that are in the result."""

    received: int
    rejected: int
    duplicates: int
    written: int
    """Records, or groups of them, in the result."""


class TransformOut(ResponseModel):
    """The result, and the report of what is not in it."""

    records: list[RecordOut] | None
    """Null when the pipeline aggregates."""
    groups: list[Group] | None
    """Null when it does not."""
    rejects: list[RejectOut]
    summary: Summary
