"""Answers as bytes, so that a repeated request gets the first one's answer unchanged."""

from dataclasses import dataclass
from http import HTTPStatus

from fastapi import Response

from libs.contracts.orders import Order
from libs.service_kit import PROBLEM_MEDIA_TYPE, ProblemError, problem_body
from services.order_api.problems import INSUFFICIENT_STOCK, RESERVATION_EXPIRED, UNKNOWN_SKU

_REJECTIONS = {kind.slug: kind for kind in (INSUFFICIENT_STOCK, UNKNOWN_SKU, RESERVATION_EXPIRED)}


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request for a new order is answered with, every time it is made."""

    order_id: str
    status: int
    body: str

    def response(self) -> Response:
        """Return it as an HTTP response."""
        created = self.status == HTTPStatus.CREATED
        return Response(
            self.body,
            status_code=self.status,
            media_type="application/json" if created else PROBLEM_MEDIA_TYPE,
            headers={"Location": f"/v1/orders/{self.order_id}"},
        )


def answer_for(order: Order) -> Answer:
    """Return the answer for an order as it stands: 201, or the reason for which it is rejected."""
    if order.status != "REJECTED":
        return Answer(order.order_id, HTTPStatus.CREATED.value, order.model_dump_json())
    refusal = _rejected(order)
    body = problem_body(refusal.kind, refusal.detail, refusal.extensions)
    return Answer(order.order_id, refusal.kind.status.value, body.decode())


def _rejected(order: Order) -> ProblemError:
    sku = order.rejected_sku
    kind = _REJECTIONS[order.rejection or INSUFFICIENT_STOCK.slug]
    detail = {
        INSUFFICIENT_STOCK: f"not enough units of {sku}; the order is rejected",
        UNKNOWN_SKU: f"{sku} is not stocked; the order is rejected",
        RESERVATION_EXPIRED: "its stock was held for too long; the order is rejected",
    }[kind]
    return ProblemError(kind, detail, sku=sku, order_id=order.order_id)
