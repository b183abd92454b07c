"""The refusals that are order_processor's own."""

from http import HTTPStatus

from libs.service_kit import ProblemKind

UNKNOWN_SKU = ProblemKind(
    "unknown-sku", HTTPStatus.CONFLICT, "A line names a SKU that is not stocked"
)
INSUFFICIENT_STOCK = ProblemKind(
    "insufficient-stock", HTTPStatus.CONFLICT, "There is not enough stock for a line"
)
SKU_NOT_FOUND = ProblemKind("sku-not-found", HTTPStatus.NOT_FOUND, "The SKU is not stocked")
STOCK_CHANGED = ProblemKind(
    "stock-changed", HTTPStatus.PRECONDITION_FAILED, "The stock changed since it was read"
)
RESERVATION_NOT_FOUND = ProblemKind(
    "reservation-not-found", HTTPStatus.NOT_FOUND, "The order holds no stock"
)
RESERVATION_MISMATCH = ProblemKind(
    "reservation-mismatch", HTTPStatus.CONFLICT, "The order was reserved with other lines"
)
RESERVATION_RELEASED = ProblemKind(
    "reservation-released", HTTPStatus.CONFLICT, "The order's stock was returned"
)
RESERVATION_SOLD = ProblemKind(
    "reservation-sold", HTTPStatus.CONFLICT, "The order's stock was sold"
)
CONTENTION = ProblemKind(
    "contention", HTTPStatus.SERVICE_UNAVAILABLE, "Too many orders want the same stock at once"
)
