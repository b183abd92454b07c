"""The events that tell of an order: placed, then decided, then cancelled or shipped."""

from libs.contracts.cloud_events import type_of
from libs.contracts.order_events import (
    OrderCancelled,
    OrderConfirmed,
    OrderPlaced,
    OrderRejected,
    OrderShipped,
)
from libs.contracts.orders import Order, Status
from libs.outbox import Event

SOURCE = "/granary/order_api"

_STEPS: dict[Status, tuple[int, str]] = {
    "PENDING": (1, type_of(OrderPlaced)),
    "CONFIRMED": (2, type_of(OrderConfirmed)),
    "REJECTED": (2, type_of(OrderRejected)),
    "CANCELLED": (3, type_of(OrderCancelled)),
    "SHIPPED": (3, type_of(OrderShipped)),
}


def order_event(order: Order) -> Event:
    """Return the event that tells that the order came to its present state.

    States follow each other in one line, so the state says the event's place in it, and telling
    twice gives the same id.
    """
    sequence, event_type = _STEPS[order.status]
    return Event(
        id=f"{order.order_id}.{sequence}",
        type=event_type,
        source=SOURCE,
        subject=order.order_id,
        sequence=sequence,
        follows=sequence - 1 or None,
        time=order.updated_at.isoformat(timespec="milliseconds"),
        data=order.model_dump(mode="json", exclude_none=True),
    )
