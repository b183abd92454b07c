"""The tables that stock_alert owns, by their default names."""

from libs.dynamo import TableSpec

STATES = TableSpec(partition_key="sku")
# The attributes are those that Powertools' persistence layer has by default.
IDEMPOTENCY = TableSpec(partition_key="id", ttl_attribute="expiration")

TABLES = {"stock_alerts": STATES, "stock_alerts_idempotency": IDEMPOTENCY}
