"""The tables that order_processor owns, by their default names.

Only reservations that hold stock have `held`, which spreads them over the partitions of the index,
so expiry reads nothing else.
"""

from libs.dynamo import Index, TableSpec
from libs.outbox import OUTBOX

BY_EXPIRY = "by_expiry"

# functions/stock_alert reads its stream.
INVENTORY = TableSpec(partition_key="sku", stream="NEW_AND_OLD_IMAGES")
RESERVATIONS = TableSpec(
    partition_key="order_id",
    indexes=(
        Index(BY_EXPIRY, partition_key="held", sort_key="expires_at", projection="KEYS_ONLY"),
    ),
)

TABLES = {"inventory": INVENTORY, "reservations": RESERVATIONS, "stock_events": OUTBOX}
