"""The tables that order_processor owns, by their default names.

Only reservations that hold stock have `held`, the partition of the index, so expiry reads nothing
else. `held` is one of few numbers: a single partition would take no more than 1,000 writes a
second.
"""

from zlib import crc32

from libs.dynamo import Index, TableSpec
from libs.outbox import OUTBOX

BY_EXPIRY = "by_expiry"
HELD_PARTITIONS = tuple(str(number) for number in range(8))

INVENTORY = TableSpec(partition_key="sku")
RESERVATIONS = TableSpec(
    partition_key="order_id",
    indexes=(
        Index(BY_EXPIRY, partition_key="held", sort_key="expires_at", projection="KEYS_ONLY"),
    ),
)

TABLES = {"inventory": INVENTORY, "reservations": RESERVATIONS, "stock_events": OUTBOX}


def held_partition(order_id: str) -> str:
    """Return the partition of the index that holds the order's reservation."""
    return HELD_PARTITIONS[crc32(order_id.encode()) % len(HELD_PARTITIONS)]
