"""The tables that order_processor owns, by their default names."""

from libs.dynamo import TableSpec

INVENTORY = TableSpec(partition_key="sku")
RESERVATIONS = TableSpec(partition_key="order_id")

TABLES = {"inventory": INVENTORY, "reservations": RESERVATIONS}
