"""Routes of order_api."""

import re
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Request, Response

from libs.contracts.orders import Order, OrderIn, OrderPage
from libs.service_kit import answer, body_as, refusals, require_json, route_with
from services.order_api.models import ListQuery
from services.order_api.orders import Orders
from services.order_api.problems import (
    BAD_CURSOR,
    INSUFFICIENT_STOCK,
    KEY_REUSED,
    ORDER_CANCELLED,
    ORDER_NOT_FOUND,
    ORDER_PENDING,
    ORDER_REJECTED,
    ORDER_SHIPPED,
    PROCESSOR_UNAVAILABLE,
    REQUEST_IN_FLIGHT,
    RESERVATION_EXPIRED,
    UNKNOWN_SKU,
)

_KEY = r"^[\x21-\x7e]{1,255}$"


async def _post_order_shortly(request: Request) -> Response | None:
    key = request.headers.get("idempotency-key", "")
    wanted = await body_as(request, OrderIn) if re.fullmatch(_KEY, key) else None
    if wanted is None:
        return None
    orders: Orders = request.app.state.orders
    return (await orders.place(wanted, key=key)).response()


placing = APIRouter(
    prefix="/v1/orders", tags=["orders"], route_class=route_with(_post_order_shortly)
)
router = APIRouter(prefix="/v1/orders", tags=["orders"])


async def _orders(request: Request) -> Orders:
    return request.app.state.orders  # type: ignore[no-any-return]


type _Orders = Annotated[Orders, Depends(_orders)]
type _Key = Annotated[str, Header(alias="Idempotency-Key", pattern=_KEY)]

_ITS_ORDER = {"order_id": "$response.body#/order_id"}
_LINKS = {"get_order": _ITS_ORDER, "cancel_order": _ITS_ORDER, "ship_order": _ITS_ORDER}
_NEXT_PAGE = {
    "customer_id": "$request.query.customer_id",
    "cursor": "$response.body#/next_cursor",
}


@placing.post(
    "",
    status_code=201,
    response_model=Order,
    dependencies=[Depends(require_json)],
    responses=answer(201, headers={"Location": "Where the order is."}, links=_LINKS)
    | refusals(UNKNOWN_SKU, INSUFFICIENT_STOCK, RESERVATION_EXPIRED, REQUEST_IN_FLIGHT, KEY_REUSED),
)
async def post_order(wanted: OrderIn, key: _Key, orders: _Orders) -> Response:
    """Place an order; repeating it with the same key gets the same answer."""
    return (await orders.place(wanted, key=key)).response()


@router.get(
    "",
    operation_id="list_orders",
    responses=answer(200, links={"list_orders": _NEXT_PAGE}) | refusals(BAD_CURSOR),
)
async def list_orders(query: Annotated[ListQuery, Query()], orders: _Orders) -> OrderPage:
    """List a customer's orders, newest first."""
    return await orders.page(query)


@router.get("/{order_id}", operation_id="get_order", responses=refusals(ORDER_NOT_FOUND))
async def get_order(order_id: str, orders: _Orders) -> Order:
    """Give an order."""
    return await orders.read(order_id)


@router.post(
    "/{order_id}/cancel",
    operation_id="cancel_order",
    responses=answer(200, links=_LINKS)
    | refusals(
        ORDER_NOT_FOUND, ORDER_PENDING, ORDER_REJECTED, ORDER_SHIPPED, PROCESSOR_UNAVAILABLE
    ),
)
async def cancel_order(order_id: str, orders: _Orders) -> Order:
    """Cancel a confirmed order and return its stock; repeating it is harmless."""
    return await orders.cancel(order_id)


@router.post(
    "/{order_id}/ship",
    operation_id="ship_order",
    responses=answer(200, links=_LINKS)
    | refusals(
        ORDER_NOT_FOUND, ORDER_PENDING, ORDER_REJECTED, ORDER_CANCELLED, PROCESSOR_UNAVAILABLE
    ),
)
async def ship_order(order_id: str, orders: _Orders) -> Order:
    """Ship a confirmed order: its stock is sold; repeating it is harmless."""
    return await orders.ship(order_id)
