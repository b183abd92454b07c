"""What happens to an order: placed, settled by order_processor's decision, cancelled.

PENDING is written before the processor is asked, so that no reservation is ever without an order.
The processor decides once for each order id; therefore settling is safe to repeat and to run twice
at once, and an order that stays PENDING (no decision in time) is settled when its request is
repeated.
"""

import hashlib

from prometheus_client import CollectorRegistry, Counter

from libs.service_kit import ProblemError, get_logger
from services.order_api.identifiers import is_order_id, new_order_id
from services.order_api.models import ListQuery, Order, OrderIn, OrderPage
from services.order_api.problems import (
    INSUFFICIENT_STOCK,
    KEY_REUSED,
    ORDER_NOT_FOUND,
    ORDER_PENDING,
    ORDER_REJECTED,
    UNKNOWN_SKU,
)
from services.order_api.processor import Processor, ProcessorUnavailableError
from services.order_api.repository import OrderRepository, timestamp

log = get_logger(__name__)


class Orders:
    """The orders that this service accepted."""

    def __init__(
        self, repository: OrderRepository, processor: Processor, *, registry: CollectorRegistry
    ) -> None:
        self._repository = repository
        self._processor = processor
        self._outcomes = Counter(
            "orders_total", "Orders by the state that they came to", ["status"], registry=registry
        )

    async def place(self, wanted: OrderIn, *, key: str) -> Order:
        """Accept an order once for each `key`, and return it as it stands after asking for stock.

        Raise `insufficient-stock` or `unknown-sku` for a rejected order, `idempotency-key-reused`
        when the key belongs to another order.
        """
        now = timestamp()
        order = Order.model_validate(
            {
                **wanted.model_dump(),
                "order_id": new_order_id(),
                "status": "PENDING",
                "created_at": now,
                "updated_at": now,
            }
        )
        fingerprint = _fingerprint(wanted)
        claim = await self._repository.create(order, key=key, fingerprint=fingerprint)
        if claim:
            if claim.fingerprint != fingerprint:
                raise ProblemError(KEY_REUSED, "send another order with another Idempotency-Key")
            order = await self.read(claim.order_id)
        if order.status == "PENDING":
            order = await self._settle(order)
        if order.status == "REJECTED":
            raise _rejected(order)
        return order

    async def read(self, order_id: str) -> Order:
        """Return an order. Raise `order-not-found`."""
        order = await self._repository.find(order_id) if is_order_id(order_id) else None
        if order is None:
            raise ProblemError(ORDER_NOT_FOUND, "there is no order with this id")
        return order

    async def page(self, query: ListQuery) -> OrderPage:
        """Return a page of a customer's orders, newest first. Raise `bad-cursor`."""
        return await self._repository.page(query)

    async def cancel(self, order_id: str) -> Order:
        """Cancel a confirmed order and return its stock, both once however often this is asked.

        Raise `order-not-found`, `order-pending` or `order-rejected`.
        """
        order = await self.read(order_id)
        if order.status == "CONFIRMED":
            # The state first: a crash then leaves stock held too long, never a confirmed order
            # without.
            changed = await self._repository.change(
                order_id, expected="CONFIRMED", status="CANCELLED", stock_returned=False
            )
            if changed:
                self._outcomes.labels("CANCELLED").inc()
            order = changed or await self.read(order_id)
        if order.status == "PENDING":
            raise ProblemError(
                ORDER_PENDING,
                "repeat the order's own request to have it decided, then cancel it",
                headers={"Retry-After": "1"},
                order_id=order_id,
            )
        if order.status == "REJECTED":
            raise ProblemError(ORDER_REJECTED, "it holds nothing to cancel", order_id=order_id)
        return order if order.stock_returned else await self._return_stock(order)

    async def probe_storage(self) -> None:
        """Raise unless the orders table answers."""
        await self._repository.probe()

    async def probe_processor(self) -> None:
        """Raise unless order_processor answers."""
        await self._processor.probe()

    async def _settle(self, order: Order) -> Order:
        """Ask for the stock of a PENDING order and record the decision, if there is one."""
        try:
            refused = await self._processor.reserve(order.order_id, order.lines)
        except ProcessorUnavailableError as exc:
            log.warning("order_left_pending", order_id=order.order_id, problem=str(exc))
            self._outcomes.labels("PENDING").inc()
            return order
        changed = await (
            self._repository.change(order.order_id, expected="PENDING", status="CONFIRMED")
            if refused is None
            else self._repository.change(
                order.order_id,
                expected="PENDING",
                status="REJECTED",
                rejection=refused.reason,
                rejected_sku=refused.sku,
            )
        )
        if changed is None:  # another attempt settled it, with the same decision
            return await self.read(order.order_id)
        self._outcomes.labels(changed.status).inc()
        return changed

    async def _return_stock(self, order: Order) -> Order:
        try:
            await self._processor.release(order.order_id)
        except ProcessorUnavailableError as exc:
            log.warning("stock_not_returned", order_id=order.order_id, problem=str(exc))
            return order
        changed = await self._repository.change(
            order.order_id, expected="CANCELLED", stock_returned=True
        )
        return changed or order


def _fingerprint(wanted: OrderIn) -> str:
    return hashlib.sha256(wanted.model_dump_json().encode()).hexdigest()


def _rejected(order: Order) -> ProblemError:
    sku = order.rejected_sku
    if order.rejection == "unknown-sku":
        kind, detail = UNKNOWN_SKU, f"{sku} is not stocked; the order is rejected"
    else:
        kind, detail = INSUFFICIENT_STOCK, f"not enough units of {sku}; the order is rejected"
    return ProblemError(
        kind,
        detail,
        headers={"Location": f"/v1/orders/{order.order_id}"},
        sku=sku,
        order_id=order.order_id,
    )
