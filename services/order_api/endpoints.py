"""Routes of order_api."""

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Request, Response

from libs.service_kit import require_json
from services.order_api.models import ListQuery, Order, OrderIn, OrderPage
from services.order_api.orders import Orders

router = APIRouter(prefix="/v1/orders", tags=["orders"])


async def _orders(request: Request) -> Orders:
    return request.app.state.orders  # type: ignore[no-any-return]


type _Orders = Annotated[Orders, Depends(_orders)]
type _Key = Annotated[str, Header(alias="Idempotency-Key", pattern=r"^[\x21-\x7e]{1,255}$")]


@router.post("", status_code=201, response_model=Order, dependencies=[Depends(require_json)])
async def post_order(wanted: OrderIn, key: _Key, orders: _Orders) -> Response:
    """Place an order; repeating it with the same key gets the same answer."""
    return (await orders.place(wanted, key=key)).response()


@router.get("")
async def list_orders(query: Annotated[ListQuery, Query()], orders: _Orders) -> OrderPage:
    """List a customer's orders, newest first."""
    return await orders.page(query)


@router.get("/{order_id}")
async def get_order(order_id: str, orders: _Orders) -> Order:
    """Give an order."""
    return await orders.read(order_id)


@router.post("/{order_id}/cancel")
async def cancel_order(order_id: str, orders: _Orders) -> Order:
    """Cancel a confirmed order and return its stock; repeating it is harmless."""
    return await orders.cancel(order_id)


@router.post("/{order_id}/ship")
async def ship_order(order_id: str, orders: _Orders) -> Order:
    """Ship a confirmed order: its stock is sold; repeating it is harmless."""
    return await orders.ship(order_id)
