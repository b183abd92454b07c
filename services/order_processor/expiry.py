"""Return stock that was held for too long."""

from libs.dynamo import PARTITIONS
from libs.service_kit import ProblemError, get_logger
from services.order_processor.problems import RESERVATION_SOLD
from services.order_processor.reservations import Reservations

log = get_logger(__name__)

_AT_ONCE = 100


async def expire_reservations(reservations: Reservations) -> None:
    """Release every reservation whose time is over; any number may do it at once."""
    for partition in PARTITIONS:
        while expired := await reservations.expired(partition, limit=_AT_ONCE):
            released = [order_id for order_id in expired if await _expire(reservations, order_id)]
            # The index follows the table by some milliseconds: what is left of a page may be
            # closed already, and the next run looks again.
            if len(expired) < _AT_ONCE or not released:
                break


async def _expire(reservations: Reservations, order_id: str) -> bool:
    try:
        closed = await reservations.release(order_id, reason="expired")
    except ProblemError as exc:
        if exc.kind is not RESERVATION_SOLD:
            log.warning("reservation_not_expired", order_id=order_id, problem=exc.kind.slug)
        return False
    log.info("reservation_expired", order_id=order_id)
    return closed.release_reason == "expired"
