"""The events that tell of stock: of a SKU's level when it is set, of an order's reservation."""

from libs.outbox import Event
from services.order_processor.models import Reservation

SOURCE = "/granary/order_processor"


def stock_set(sku: str, on_hand: int, *, now: str, nanoseconds: int) -> Event:
    """Tell that somebody counted or delivered; `nanoseconds` orders the events of a SKU."""
    return Event(
        id=f"{sku}.{nanoseconds}",
        type="granary.stock.set.v1",
        source=SOURCE,
        subject=sku,
        sequence=nanoseconds,
        follows=None,
        time=now,
        data={"sku": sku, "on_hand": on_hand},
    )


def reservation_decided(reservation: Reservation, *, now: str) -> Event:
    """Tell that stock is held for an order, or refused."""
    kind = "held" if reservation.status == "HELD" else "refused"
    return _event(reservation, kind, sequence=1, follows=None, now=now)


def reservation_closed(reservation: Reservation, *, now: str) -> Event:
    """Tell that an order's stock was sold, or returned by cancel or expiry."""
    if reservation.status == "SOLD":
        kind = "sold"
    else:
        kind = "expired" if reservation.release_reason == "expired" else "released"
    return _event(reservation, kind, sequence=2, follows=1, now=now)


def _event(
    reservation: Reservation, kind: str, *, sequence: int, follows: int | None, now: str
) -> Event:
    data = reservation.model_dump(
        include={"order_id", "status", "lines", "refusal", "refused_sku", "release_reason"},
        exclude_none=True,
    )
    return Event(
        id=f"{reservation.order_id}.r{sequence}",
        type=f"granary.reservation.{kind}.v1",
        source=SOURCE,
        subject=reservation.order_id,
        sequence=sequence,
        follows=follows,
        time=now,
        data=data,
    )
