"""Routes of order_processor."""

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Path, Request, Response

from libs.contracts.lines import Sku
from libs.service_kit import require_json
from services.order_processor.inventory import Inventory
from services.order_processor.models import (
    OrderId,
    Reservation,
    ReservationIn,
    Stock,
    StockIn,
)
from services.order_processor.reservations import Reservations

router = APIRouter(prefix="/v1")


async def _inventory(request: Request) -> Inventory:
    return request.app.state.inventory  # type: ignore[no-any-return]


async def _reservations(request: Request) -> Reservations:
    return request.app.state.reservations  # type: ignore[no-any-return]


type _Inventory = Annotated[Inventory, Depends(_inventory)]
type _Reservations = Annotated[Reservations, Depends(_reservations)]
type _IfMatch = Annotated[str | None, Header(alias="If-Match", pattern=r'^"\d{1,18}"$')]


@router.put("/inventory/{sku}", tags=["inventory"], dependencies=[Depends(require_json)])
async def put_stock(
    sku: Annotated[Sku, Path()],
    stock: StockIn,
    inventory: _Inventory,
    response: Response,
    if_match: _IfMatch = None,
) -> Stock:
    """Set the units of a SKU on hand; with If-Match only if its stock did not change."""
    version = None if if_match is None else int(if_match.strip('"'))
    return _tagged(response, await inventory.set_on_hand(sku, stock.on_hand, if_version=version))


@router.get("/inventory/{sku}", tags=["inventory"])
async def get_stock(
    sku: Annotated[Sku, Path()], inventory: _Inventory, response: Response
) -> Stock:
    """Give the stock of a SKU."""
    return _tagged(response, await inventory.read(sku))


@router.post(
    "/reservations", status_code=201, tags=["reservations"], dependencies=[Depends(require_json)]
)
async def post_reservation(wanted: ReservationIn, reservations: _Reservations) -> Reservation:
    """Hold the stock of an order, all lines or none; repeating it changes nothing."""
    return await reservations.reserve(wanted)


@router.get("/reservations/{order_id}", tags=["reservations"])
async def get_reservation(
    order_id: Annotated[OrderId, Path()], reservations: _Reservations
) -> Reservation:
    """Give what was decided about the stock of an order, a refusal included."""
    return await reservations.read(order_id)


@router.post("/reservations/{order_id}/sale", tags=["reservations"])
async def post_sale(
    order_id: Annotated[OrderId, Path()], reservations: _Reservations
) -> Reservation:
    """Let the stock of an order leave for good, once however often it is asked."""
    return await reservations.sell(order_id)


@router.delete("/reservations/{order_id}", tags=["reservations"])
async def delete_reservation(
    order_id: Annotated[OrderId, Path()], reservations: _Reservations
) -> Reservation:
    """Return the stock of an order, once however often it is asked."""
    return await reservations.release(order_id)


def _tagged(response: Response, stock: Stock) -> Stock:
    response.headers["ETag"] = f'"{stock.version}"'
    return stock
