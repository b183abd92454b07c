"""The tables that order_api owns, by their default names.

Items of `orders` are orders (`pk` = `ORDER#<order id>`) and idempotency claims (`pk` =
`KEY#<idempotency key>`). Only orders have a customer, so only they are in the first index, where
their time-ordered ids sort them. Only orders that may change by themselves have `due`, which
spreads them over the partitions of the second one, so the reconciler reads nothing else.
"""

from libs.dynamo import Index, TableSpec
from libs.outbox import OUTBOX

BY_CUSTOMER = "by_customer"
BY_DUE = "by_due"

ORDERS = TableSpec(
    partition_key="pk",
    indexes=(
        Index(BY_CUSTOMER, partition_key="customer_id", sort_key="order_id"),
        Index(BY_DUE, partition_key="due", sort_key="due_at", projection="KEYS_ONLY"),
    ),
    ttl_attribute="expires_at",
)

TABLES = {"orders": ORDERS, "order_events": OUTBOX}
