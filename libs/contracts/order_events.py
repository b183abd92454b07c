"""Events of orders, as order_api publishes them: each carries the order as it then was."""

from typing import Annotated, Literal

from pydantic import Field

from libs.contracts.cloud_events import CloudEvent
from libs.contracts.orders import Order


class OrderPlaced(CloudEvent):
    """An order was taken; its stock is not decided yet."""

    type: Literal["granary.order.placed.v1"]
    data: Order


class OrderConfirmed(CloudEvent):
    """All stock of an order is held for it."""

    type: Literal["granary.order.confirmed.v1"]
    data: Order


class OrderRejected(CloudEvent):
    """An order got no stock; `rejection` says why."""

    type: Literal["granary.order.rejected.v1"]
    data: Order


class OrderCancelled(CloudEvent):
    """An order gave its stock back; `cancel_reason` says why."""

    type: Literal["granary.order.cancelled.v1"]
    data: Order


class OrderShipped(CloudEvent):
    """The stock of an order left for good."""

    type: Literal["granary.order.shipped.v1"]
    data: Order


type OrderEvent = Annotated[
    OrderPlaced | OrderConfirmed | OrderRejected | OrderCancelled | OrderShipped,
    Field(discriminator="type"),
]
