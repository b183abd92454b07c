"""The table that order_api owns, by its default name.

Items are orders (`pk` = `ORDER#<order id>`) and idempotency claims (`pk` = `KEY#<idempotency
key>`). Only orders have a customer, so only they are in the index, where their time-ordered ids
sort them.
"""

from libs.dynamo import Index, TableSpec

BY_CUSTOMER = "by_customer"

ORDERS = TableSpec(
    partition_key="pk",
    indexes=(Index(BY_CUSTOMER, partition_key="customer_id", sort_key="order_id"),),
    ttl_attribute="expires_at",
)

TABLES = {"orders": ORDERS}
