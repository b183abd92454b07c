"""Which state follows which: an order goes where the reservation of its stock went."""

from datetime import UTC, datetime

from libs.contracts.orders import Order
from services.order_api.processor import StockState


def following(order: Order, stock: StockState) -> Order:
    """Return the order as its reservation says that it is; `order` itself when nothing changed."""
    match order.status, stock.status:
        case "PENDING", "HELD" | "SOLD":
            changes: dict[str, object] = {"status": "CONFIRMED"}
        case "PENDING", "REFUSED":
            changes = {
                "status": "REJECTED",
                "rejection": stock.refusal,
                "rejected_sku": stock.refused_sku,
            }
        case "PENDING", "RELEASED":
            changes = {"status": "REJECTED", "rejection": "reservation-expired"}
        case "CONFIRMED", "SOLD":
            changes = {"status": "SHIPPED"}
        case "CONFIRMED", "RELEASED":
            reason = "expired" if stock.release_reason == "expired" else "customer"
            changes = {"status": "CANCELLED", "cancel_reason": reason}
        case _:
            return order
    # Clocks of two instances differ; an order's own times never go back.
    changes["updated_at"] = max(present(), order.updated_at)
    return order.model_copy(update=changes)


def due_at(order: Order, stock: StockState) -> str | None:
    """Return when the stock of a confirmed order returns by itself; None for a final state."""
    return stock.expires_at if order.status == "CONFIRMED" else None


def present() -> datetime:
    """Return the present moment, as exact as orders tell it: UTC, milliseconds."""
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)
