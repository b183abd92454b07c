"""Events of stock, as order_processor publishes them: of SKUs, and of orders' reservations."""

from typing import Annotated, Literal

from pydantic import Field

from libs.contracts.cloud_events import CloudEvent
from libs.contracts.inventory import Outcome
from libs.contracts.lines import Sku, Units
from libs.contracts.models import EventModel


class StockLevel(EventModel):
    """The units of a SKU on hand after a count or a delivery."""

    sku: Sku
    on_hand: Units


class StockSet(CloudEvent):
    """Somebody counted or delivered."""

    type: Literal["granary.stock.set.v1"]
    data: StockLevel


class ReservationHeld(CloudEvent):
    """All stock of an order is held for it."""

    type: Literal["granary.reservation.held.v1"]
    data: Outcome


class ReservationRefused(CloudEvent):
    """Stock of an order is missing, so none is held; `refusal` says why."""

    type: Literal["granary.reservation.refused.v1"]
    data: Outcome


class ReservationSold(CloudEvent):
    """The stock of an order left for good."""

    type: Literal["granary.reservation.sold.v1"]
    data: Outcome


class ReservationReleased(CloudEvent):
    """The stock of an order returned because the order was cancelled."""

    type: Literal["granary.reservation.released.v1"]
    data: Outcome


class ReservationExpired(CloudEvent):
    """The stock of an order returned because it was held for too long."""

    type: Literal["granary.reservation.expired.v1"]
    data: Outcome


type StockEvent = Annotated[
    StockSet
    | ReservationHeld
    | ReservationRefused
    | ReservationSold
    | ReservationReleased
    | ReservationExpired,
    Field(discriminator="type"),
]
