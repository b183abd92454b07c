"""The refusals that are order_api's own."""

from http import HTTPStatus

from libs.service_kit import ProblemKind

ORDER_NOT_FOUND = ProblemKind("order-not-found", HTTPStatus.NOT_FOUND, "There is no such order")
BAD_CURSOR = ProblemKind("bad-cursor", HTTPStatus.BAD_REQUEST, "The cursor is not one of ours")
INSUFFICIENT_STOCK = ProblemKind(
    "insufficient-stock", HTTPStatus.CONFLICT, "There is not enough stock for a line"
)
UNKNOWN_SKU = ProblemKind(
    "unknown-sku", HTTPStatus.UNPROCESSABLE_CONTENT, "A line names a SKU that is not stocked"
)
KEY_REUSED = ProblemKind(
    "idempotency-key-reused",
    HTTPStatus.UNPROCESSABLE_CONTENT,
    "The Idempotency-Key was used for another order",
)
ORDER_PENDING = ProblemKind("order-pending", HTTPStatus.CONFLICT, "The order is not decided yet")
ORDER_REJECTED = ProblemKind("order-rejected", HTTPStatus.CONFLICT, "The order was rejected")
