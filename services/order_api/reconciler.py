"""Settle what was left: orders without a decision, and orders whose stock returned by itself."""

import asyncio

from libs.dynamo import PARTITIONS
from libs.service_kit import get_logger
from services.order_api.orders import Orders
from services.order_api.processor import ProcessorUnavailableError, UnexpectedAnswerError

log = get_logger(__name__)

_AT_ONCE = 8
_PAGE = 96


async def settle_due_orders(orders: Orders) -> None:
    """Look at every order that is due; any number may do it at once.

    Ends early while order_processor does not answer: the next run begins again.
    """
    for partition in PARTITIONS:
        while order_ids := await orders.due(partition, limit=_PAGE):
            settled = 0
            for start in range(0, len(order_ids), _AT_ONCE):
                batch = order_ids[start : start + _AT_ONCE]
                outcomes = await asyncio.gather(*(_settle(orders, each) for each in batch))
                if None in outcomes:
                    return
                settled += sum(map(bool, outcomes))
            # The index follows the table by some milliseconds and may still show what is settled.
            if len(order_ids) < _PAGE or not settled:
                break


async def _settle(orders: Orders, order_id: str) -> bool | None:
    """Return whether an order was settled; None when order_processor does not answer."""
    try:
        await orders.settle(order_id)
    except UnexpectedAnswerError as exc:
        log.warning("order_not_settled", order_id=order_id, problem=str(exc))
        await orders.postpone(order_id)
        return False
    except ProcessorUnavailableError as exc:
        log.warning("reconciler_waits", problem=str(exc))
        return None
    return True
