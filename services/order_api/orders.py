"""What happens to an order: placed, decided, then cancelled or shipped.

The order is written as PENDING before order_processor is asked, so that no reservation is ever
without an order. The reservation is the arbiter of everything after that: order_processor lets
exactly one of sale, release and expiry happen to it, and the order follows. Therefore every step
here is safe to repeat, to run twice at once, and to be finished by the reconciler.
"""

import hashlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

from prometheus_client import CollectorRegistry, Counter

from libs.contracts.moments import moment
from libs.contracts.orders import Order, OrderIn, OrderPage
from libs.dynamo import DynamoError
from libs.service_kit import ProblemError, failure_point, get_logger
from services.order_api.answers import Answer, answer_for
from services.order_api.claims import Claim, new_claim
from services.order_api.identifiers import is_order_id, new_order_id
from services.order_api.models import ListQuery
from services.order_api.problems import (
    KEY_REUSED,
    ORDER_CANCELLED,
    ORDER_NOT_FOUND,
    ORDER_PENDING,
    ORDER_REJECTED,
    ORDER_SHIPPED,
    PROCESSOR_UNAVAILABLE,
    REQUEST_IN_FLIGHT,
)
from services.order_api.processor import Processor, ProcessorUnavailableError, StockState
from services.order_api.repository import LostClaimError, OrderRepository
from services.order_api.states import due_at, following, present

log = get_logger(__name__)

_AGAIN = {"Retry-After": "1"}


class Orders:
    """The orders that this service accepted."""

    def __init__(
        self,
        repository: OrderRepository,
        processor: Processor,
        *,
        lease_seconds: float,
        registry: CollectorRegistry,
    ) -> None:
        self._repository = repository
        self._processor = processor
        self._lease_seconds = lease_seconds
        self._outcomes = Counter(
            "orders_total", "Orders by the state that they came to", ["status"], registry=registry
        )

    async def place(self, wanted: OrderIn, *, key: str) -> Answer:
        """Accept an order once for each `key`, ask for its stock, and return the key's answer.

        Raise `idempotency-key-reused` when the key belongs to another order, `request-in-flight`
        while another attempt works on it.
        """
        order = _new_order(wanted)
        claim = new_claim(
            key,
            order_id=order.order_id,
            fingerprint=_fingerprint(wanted),
            lease_seconds=self._lease_seconds,
        )
        async with self._giving_up(claim):  # its writing may succeed and the answer be lost
            standing = await self._repository.create(order, claim, due_at=self._soon())
        if standing:
            if standing.fingerprint != claim.fingerprint:
                raise ProblemError(KEY_REUSED, "send another order with another key")
            if standing.answer:
                return standing.answer
            claim = await self._take_over(standing)
            order = await self.read(claim.order_id)
        await failure_point("order-written")
        try:
            async with self._giving_up(claim):
                return await self._answer(order, claim)
        except LostClaimError:
            return await self._answer_of_another(key)

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
        """Return a confirmed order's stock and cancel it, both once however often this is asked.

        Raise `order-not-found`, `order-pending`, `order-rejected`, `order-shipped`, or
        `processor-unavailable` when it is not known whether the stock returned.
        """
        order = await self._close(await self.read(order_id), self._processor.release)
        if order.status == "SHIPPED":
            raise ProblemError(ORDER_SHIPPED, "its goods left already", order_id=order_id)
        return order

    async def ship(self, order_id: str) -> Order:
        """Sell a confirmed order's stock and mark it shipped, once however often this is asked.

        Raise `order-not-found`, `order-pending`, `order-rejected`, `order-cancelled`, or
        `processor-unavailable` when it is not known whether the stock was sold.
        """
        order = await self._close(await self.read(order_id), self._processor.sell)
        if order.status == "CANCELLED":
            raise ProblemError(
                ORDER_CANCELLED,
                "it holds no stock any more",
                order_id=order_id,
                cancel_reason=order.cancel_reason,
            )
        return order

    async def settle(self, order_id: str) -> None:
        """Bring an order that is due to where its reservation is.

        Raise ProcessorUnavailableError when that cannot be found out.
        """
        order = await self._repository.find(order_id)
        if order is None:
            return
        if order.status == "PENDING":
            await self._follow(order, await self._processor.reserve(order_id, order.lines))
        elif order.status == "CONFIRMED":
            stock = await self._processor.look(order_id)
            if stock.status == "HELD":
                again = max(stock.expires_at, self._soon())
                await self._repository.look_again(order_id, expected="CONFIRMED", due_at=again)
            await self._follow(order, stock)

    async def postpone(self, order_id: str) -> None:
        """Have the reconciler leave an order alone for a while, so that others get their turn."""
        order = await self._repository.find(order_id)
        if order:
            await self._repository.look_again(order_id, expected=order.status, due_at=self._soon())

    async def due(self, partition: str, *, limit: int) -> list[str]:
        """Return ids of orders that `settle` should look at."""
        return await self._repository.due(partition, limit=limit)

    async def probe_storage(self) -> None:
        """Raise unless the orders table answers."""
        await self._repository.probe()

    async def probe_processor(self) -> None:
        """Raise unless order_processor answers."""
        await self._processor.probe()

    async def _answer(self, order: Order, claim: Claim) -> Answer:
        """Have a claimed order decided, if it can be now, and keep the answer with the claim."""
        decided, stock = order, None
        if order.status == "PENDING":
            try:
                stock = await self._processor.reserve(order.order_id, order.lines)
            except ProcessorUnavailableError as exc:
                log.warning("order_left_pending", order_id=order.order_id, problem=str(exc))
                self._outcomes.labels("PENDING").inc()
            else:
                await failure_point("stock-asked")
                decided = following(order, stock)
        answer = answer_for(decided)
        if stock is None:
            await self._repository.complete(claim, answer)
            if order.status == "PENDING":
                # Nobody works on it any more, so the reconciler need not wait for the lease.
                await self._repository.look_again(
                    order.order_id, expected="PENDING", due_at=moment(time.time())
                )
            return answer
        overtaken = await self._repository.move(
            decided, expected="PENDING", due_at=due_at(decided, stock), claim=claim, answer=answer
        )
        if overtaken:
            answer = answer_for(overtaken.order)
            await self._repository.complete(claim, answer)
        else:
            self._outcomes.labels(decided.status).inc()
        await failure_point("order-answered")
        return answer

    async def _take_over(self, standing: Claim) -> Claim:
        if not standing.is_abandoned:
            raise _in_flight()
        claim = standing.taken_over(self._lease_seconds)
        try:
            await self._repository.take_over(claim, from_owner=standing.owner)
        except LostClaimError as exc:
            raise _in_flight() from exc
        log.info("claim_taken_over", order_id=claim.order_id)
        return claim

    async def _answer_of_another(self, key: str) -> Answer:
        """Return the answer that the attempt which owns the claim now has given, if it has."""
        claim = await self._repository.claim(key)
        if claim and claim.answer:
            return claim.answer
        raise _in_flight()

    @asynccontextmanager
    async def _giving_up(self, claim: Claim) -> AsyncIterator[None]:
        """End the claim's lease at once when the block fails, so that a repeat need not wait."""
        try:
            yield
        except LostClaimError:
            raise
        except BaseException:
            # Should that fail too, the lease ends by itself.
            with suppress(LostClaimError, DynamoError):
                await self._repository.give_up(claim)
            raise

    async def _close(self, order: Order, ask: Callable[[str], Awaitable[StockState]]) -> Order:
        """Have order_processor sell or release a confirmed order's stock, and follow it."""
        if order.status == "PENDING":
            raise ProblemError(
                ORDER_PENDING,
                "it is decided as soon as order_processor answers; ask again then",
                headers=_AGAIN,
                order_id=order.order_id,
            )
        if order.status == "REJECTED":
            raise ProblemError(ORDER_REJECTED, "it holds no stock", order_id=order.order_id)
        if order.status != "CONFIRMED":
            return order
        # Should this attempt end half-way, the reconciler finds out what became of the stock.
        confirmed = await self._repository.look_again(
            order.order_id, expected="CONFIRMED", due_at=self._soon()
        )
        if not confirmed:
            return await self.read(order.order_id)
        try:
            stock = await ask(order.order_id)
        except ProcessorUnavailableError as exc:
            log.warning("order_not_closed", order_id=order.order_id, problem=str(exc))
            raise ProblemError(
                PROCESSOR_UNAVAILABLE,
                "order_processor gave no answer in time; repeat the request",
                headers=_AGAIN,
                order_id=order.order_id,
            ) from exc
        await failure_point("stock-asked")
        return await self._follow(order, stock)

    async def _follow(self, order: Order, stock: StockState) -> Order:
        """Write the state that the reservation implies, unless somebody else did."""
        moved = following(order, stock)
        if moved is order:
            return order
        overtaken = await self._repository.move(
            moved, expected=order.status, due_at=due_at(moved, stock)
        )
        if overtaken:
            return overtaken.order
        self._outcomes.labels(moved.status).inc()
        return moved

    def _soon(self) -> str:
        """Return when whoever works on an order now has surely ended."""
        return moment(time.time() + self._lease_seconds)


def _new_order(wanted: OrderIn) -> Order:
    now = present()
    return Order(
        order_id=new_order_id(),
        customer_id=wanted.customer_id,
        status="PENDING",
        lines=wanted.lines,
        created_at=now,
        updated_at=now,
    )


def _fingerprint(wanted: OrderIn) -> str:
    return hashlib.sha256(wanted.model_dump_json().encode()).hexdigest()


def _in_flight() -> ProblemError:
    return ProblemError(
        REQUEST_IN_FLIGHT,
        "wait for the answer of the first request with this key, or repeat this one later",
        headers=_AGAIN,
    )
