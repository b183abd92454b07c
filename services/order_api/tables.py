"""The tables that order_api owns, by their default names.

Items of `orders` are orders (`pk` = `ORDER#<order id>`) and idempotency claims (`pk` =
`KEY#<idempotency key>`). Only orders have a customer, so only they are in the first index, where
their time-ordered ids sort them. Only orders that may change by themselves have `due`, the
partition of the second one, so the reconciler reads nothing else. `due` is one of few numbers: a
single partition would take no more than 1,000 writes a second.
"""

from zlib import crc32

from libs.dynamo import Index, TableSpec
from libs.outbox import OUTBOX

BY_CUSTOMER = "by_customer"
BY_DUE = "by_due"
DUE_PARTITIONS = tuple(str(number) for number in range(8))

ORDERS = TableSpec(
    partition_key="pk",
    indexes=(
        Index(BY_CUSTOMER, partition_key="customer_id", sort_key="order_id"),
        Index(BY_DUE, partition_key="due", sort_key="due_at", projection="KEYS_ONLY"),
    ),
    ttl_attribute="expires_at",
)

TABLES = {"orders": ORDERS, "order_events": OUTBOX}


def due_partition(order_id: str) -> str:
    """Return the partition of the second index that holds the order while it is due."""
    return DUE_PARTITIONS[crc32(order_id.encode()) % len(DUE_PARTITIONS)]
