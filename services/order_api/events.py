"""The events that tell of an order: placed, then decided, then cancelled or shipped."""

from libs.outbox import Event
from services.order_api.models import Order, Status

SOURCE = "/granary/order_api"

_STEPS: dict[Status, tuple[int, str]] = {
    "PENDING": (1, "placed"),
    "CONFIRMED": (2, "confirmed"),
    "REJECTED": (2, "rejected"),
    "CANCELLED": (3, "cancelled"),
    "SHIPPED": (3, "shipped"),
}


def order_event(order: Order) -> Event:
    """Return the event that tells that the order came to its present state.

    States follow each other in one line, so the state says the event's place in it, and telling
    twice gives the same id.
    """
    sequence, kind = _STEPS[order.status]
    return Event(
        id=f"{order.order_id}.{sequence}",
        type=f"granary.order.{kind}.v1",
        source=SOURCE,
        subject=order.order_id,
        sequence=sequence,
        follows=sequence - 1 or None,
        time=order.updated_at.isoformat(timespec="milliseconds"),
        data=order.model_dump(mode="json", exclude_none=True),
    )
