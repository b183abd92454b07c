"""The envelope of every event: CloudEvents 1.0 in JSON, with three of its documented extensions."""

from typing import Annotated, Literal, get_args

from pydantic import AwareDatetime, Field

from libs.contracts.models import EventModel

type Name = Annotated[str, Field(pattern=r"^[!-~]{1,128}$")]
"""What a queue takes as deduplication id and as message group."""


class CloudEvent(EventModel):
    """Base of events; each adds its `type`, as a literal, and its `data`."""

    specversion: Literal["1.0"]
    id: Name
    """One for each event, the same however often it comes: readers drop repeats by it."""
    source: Annotated[str, Field(min_length=1)]
    """Who tells of it, as a URI reference."""
    subject: Name
    """What it happened to."""
    time: AwareDatetime
    """When it happened."""
    datacontenttype: Literal["application/json"]
    partitionkey: Name
    """What the events are ordered by."""
    sequence: Annotated[str, Field(pattern=r"^[0-9]{20}$")]
    """Place in that order, as text that sorts like the numbers."""
    traceparent: str | None = None
    """What caused it, as W3C Trace Context has it."""


def type_of(event: type[CloudEvent]) -> str:
    """Return the `type` of the events of a model."""
    (name,) = get_args(event.model_fields["type"].annotation)
    return str(name)
