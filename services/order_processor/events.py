"""The events that tell of stock: of a SKU's level when it is set, of an order's reservation."""

from pydantic import TypeAdapter

from libs.contracts.cloud_events import type_of
from libs.contracts.inventory import Outcome, Reservation
from libs.contracts.stock_events import (
    ReservationExpired,
    ReservationHeld,
    ReservationRefused,
    ReservationReleased,
    ReservationSold,
    StockLevel,
    StockSet,
)
from libs.outbox import Event

SOURCE = "/granary/order_processor"

_SET = type_of(StockSet)
_HELD, _REFUSED = type_of(ReservationHeld), type_of(ReservationRefused)
_SOLD, _RELEASED = type_of(ReservationSold), type_of(ReservationReleased)
_EXPIRED = type_of(ReservationExpired)
# Of a reservation, it writes what events tell.
_OUTCOME = TypeAdapter(Outcome)


def stock_set(sku: str, on_hand: int, *, now: str, nanoseconds: int) -> Event:
    """Tell that somebody counted or delivered; `nanoseconds` orders the events of a SKU."""
    return Event(
        id=f"{sku}.{nanoseconds}",
        type=_SET,
        source=SOURCE,
        subject=sku,
        sequence=nanoseconds,
        follows=None,
        time=now,
        data=StockLevel(sku=sku, on_hand=on_hand).model_dump(),
    )


def reservation_decided(reservation: Reservation, *, now: str) -> Event:
    """Tell that stock is held for an order, or refused."""
    event_type = _HELD if reservation.status == "HELD" else _REFUSED
    return _event(reservation, event_type, sequence=1, follows=None, now=now)


def reservation_closed(reservation: Reservation, *, now: str) -> Event:
    """Tell that an order's stock was sold, or returned by cancel or expiry."""
    if reservation.status == "SOLD":
        event_type = _SOLD
    else:
        event_type = _EXPIRED if reservation.release_reason == "expired" else _RELEASED
    return _event(reservation, event_type, sequence=2, follows=1, now=now)


def _event(
    reservation: Reservation, event_type: str, *, sequence: int, follows: int | None, now: str
) -> Event:
    return Event(
        id=f"{reservation.order_id}.r{sequence}",
        type=event_type,
        source=SOURCE,
        subject=reservation.order_id,
        sequence=sequence,
        follows=follows,
        time=now,
        data=_OUTCOME.dump_python(reservation, exclude_none=True),
    )
