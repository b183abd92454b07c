"""The refusals that are order_api's own."""

from http import HTTPStatus

from libs.service_kit import ProblemKind

ORDER_NOT_FOUND = ProblemKind("order-not-found", HTTPStatus.NOT_FOUND, "There is no such order")
BAD_CURSOR = ProblemKind("bad-cursor", HTTPStatus.BAD_REQUEST, "The cursor is not one of ours")
INSUFFICIENT_STOCK = ProblemKind(
    "insufficient-stock", HTTPStatus.CONFLICT, "There is not enough stock for a line"
)
UNKNOWN_SKU = ProblemKind(
    "unknown-sku", HTTPStatus.CONFLICT, "A line names a SKU that is not stocked"
)
RESERVATION_EXPIRED = ProblemKind(
    "reservation-expired", HTTPStatus.CONFLICT, "The order's stock returned before it was confirmed"
)
REQUEST_IN_FLIGHT = ProblemKind(
    "request-in-flight", HTTPStatus.CONFLICT, "The first request with this key is under way"
)
KEY_REUSED = ProblemKind(
    "idempotency-key-reused",
    HTTPStatus.UNPROCESSABLE_CONTENT,
    "The Idempotency-Key was used for another order",
)
ORDER_PENDING = ProblemKind("order-pending", HTTPStatus.CONFLICT, "The order is not decided yet")
ORDER_REJECTED = ProblemKind("order-rejected", HTTPStatus.CONFLICT, "The order was rejected")
ORDER_CANCELLED = ProblemKind("order-cancelled", HTTPStatus.CONFLICT, "The order was cancelled")
ORDER_SHIPPED = ProblemKind("order-shipped", HTTPStatus.CONFLICT, "The order was shipped")
PROCESSOR_UNAVAILABLE = ProblemKind(
    "processor-unavailable", HTTPStatus.SERVICE_UNAVAILABLE, "The stock cannot be asked now"
)
