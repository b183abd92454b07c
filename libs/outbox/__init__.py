"""Events that are published if and only if the change that they tell of was written."""

from libs.outbox.event import Event, cloud_event
from libs.outbox.relaying import relaying
from libs.outbox.settings import OutboxSettings
from libs.outbox.table import OUTBOX, record

__all__ = ["OUTBOX", "Event", "OutboxSettings", "cloud_event", "record", "relaying"]
