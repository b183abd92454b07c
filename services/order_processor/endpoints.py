"""Routes of order_processor."""

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Path, Request, Response

from libs.contracts.inventory import (
    OrderId,
    Reservation,
    ReservationIn,
    Stock,
    StockIn,
)
from libs.contracts.lines import Sku
from libs.service_kit import answer, body_as, refusals, require_json, route_with
from services.order_processor.inventory import Inventory
from services.order_processor.problems import (
    CONTENTION,
    INSUFFICIENT_STOCK,
    RESERVATION_MISMATCH,
    RESERVATION_NOT_FOUND,
    RESERVATION_RELEASED,
    RESERVATION_SOLD,
    SKU_NOT_FOUND,
    STOCK_CHANGED,
    UNKNOWN_SKU,
)
from services.order_processor.reservations import Reservations


async def _post_reservation_shortly(request: Request) -> Response | None:
    wanted = await body_as(request, ReservationIn)
    if wanted is None:
        return None
    reservations: Reservations = request.app.state.reservations
    return _created(await reservations.reserve(wanted))


reserving = APIRouter(prefix="/v1", route_class=route_with(_post_reservation_shortly))
router = APIRouter(prefix="/v1")


async def _inventory(request: Request) -> Inventory:
    return request.app.state.inventory  # type: ignore[no-any-return]


async def _reservations(request: Request) -> Reservations:
    return request.app.state.reservations  # type: ignore[no-any-return]


type _Inventory = Annotated[Inventory, Depends(_inventory)]
type _Reservations = Annotated[Reservations, Depends(_reservations)]
# Not \d, which is more than the ten ASCII digits.
type _IfMatch = Annotated[str | None, Header(alias="If-Match", pattern=r'^"[0-9]{1,18}"$')]

_ITS_SKU = {"sku": "$request.path.sku"}
_STOCK = answer(
    200,
    headers={"ETag": "The stock's version, for If-Match."},
    links={"get_stock": _ITS_SKU, "put_stock": _ITS_SKU | {"If-Match": "$response.header.ETag"}},
)
_ITS_ORDER = {"order_id": "$response.body#/order_id"}
_FOLLOWING = {
    "get_reservation": _ITS_ORDER,
    "post_sale": _ITS_ORDER,
    "delete_reservation": _ITS_ORDER,
}


@router.put(
    "/inventory/{sku}",
    operation_id="put_stock",
    tags=["inventory"],
    dependencies=[Depends(require_json)],
    responses=_STOCK | refusals(STOCK_CHANGED),
)
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


@router.get(
    "/inventory/{sku}",
    operation_id="get_stock",
    tags=["inventory"],
    responses=_STOCK | refusals(SKU_NOT_FOUND),
)
async def get_stock(
    sku: Annotated[Sku, Path()], inventory: _Inventory, response: Response
) -> Stock:
    """Give the stock of a SKU."""
    return _tagged(response, await inventory.read(sku))


@reserving.post(
    "/reservations",
    status_code=201,
    response_model=Reservation,
    tags=["reservations"],
    dependencies=[Depends(require_json)],
    responses=answer(201, links=_FOLLOWING)
    | refusals(
        UNKNOWN_SKU,
        INSUFFICIENT_STOCK,
        RESERVATION_MISMATCH,
        RESERVATION_RELEASED,
        RESERVATION_SOLD,
        CONTENTION,
    ),
)
async def post_reservation(wanted: ReservationIn, reservations: _Reservations) -> Response:
    """Hold the stock of an order, all lines or none; repeating it changes nothing."""
    return _created(await reservations.reserve(wanted))


@router.get(
    "/reservations/{order_id}",
    operation_id="get_reservation",
    tags=["reservations"],
    responses=refusals(RESERVATION_NOT_FOUND),
)
async def get_reservation(
    order_id: Annotated[OrderId, Path()], reservations: _Reservations
) -> Reservation:
    """Give what was decided about the stock of an order, a refusal included."""
    return await reservations.read(order_id)


@router.post(
    "/reservations/{order_id}/sale",
    operation_id="post_sale",
    tags=["reservations"],
    responses=answer(200, links=_FOLLOWING)
    | refusals(RESERVATION_NOT_FOUND, RESERVATION_RELEASED, CONTENTION),
)
async def post_sale(
    order_id: Annotated[OrderId, Path()], reservations: _Reservations
) -> Reservation:
    """Let the stock of an order leave for good, once however often it is asked."""
    return await reservations.sell(order_id)


@router.delete(
    "/reservations/{order_id}",
    operation_id="delete_reservation",
    tags=["reservations"],
    responses=answer(200, links=_FOLLOWING)
    | refusals(RESERVATION_NOT_FOUND, RESERVATION_SOLD, CONTENTION),
)
async def delete_reservation(
    order_id: Annotated[OrderId, Path()], reservations: _Reservations
) -> Reservation:
    """Return the stock of an order, once however often it is asked."""
    return await reservations.release(order_id)


def _tagged(response: Response, stock: Stock) -> Stock:
    response.headers["ETag"] = f'"{stock.version}"'
    return stock


def _created(reservation: Reservation) -> Response:
    return Response(reservation.model_dump_json(), status_code=201, media_type="application/json")
